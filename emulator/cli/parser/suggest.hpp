// SPDX-License-Identifier: Apache-2.0
// What a mistyped word was probably meant to be. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lemu::emulator::cli {

/// Edits that turn one word into the other: insert, delete, replace, or swap two neighbours, each counted
/// once.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// Those words `given` may stand for: every one it is a prefix of; if none, the nearest by edits, when near
/// enough to be a slip of the hand (a third of the word's length). In the order of `known`.
[[nodiscard]] std::vector<std::string> candidates_for(std::string_view given,
                                                      std::span<const std::string> known);

/// "; did you mean '--memory'?", "; did you mean '--report' or '--report-file'?"; empty when nothing is near.
[[nodiscard]] std::string did_you_mean(std::span<const std::string> candidates);

/// "unknown option '--memroy'; did you mean '--memory'?", or, for a beginning that several options share,
/// "ambiguous option '--re': it could be '--region', '--repeat' or '--report'".
[[nodiscard]] tl::unexpected<Error> unknown_option(std::string_view given, std::span<const std::string> known,
                                                   std::string_view command);

}  // namespace lemu::emulator::cli
