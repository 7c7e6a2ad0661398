// SPDX-License-Identifier: Apache-2.0
// The error rows of all rooms together: what docs/errors.md lists. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error_row.hpp"

namespace lemu::emulator::cli {

/// By exit code, then by slug.
[[nodiscard]] std::vector<const ErrorRow*> all_errors();
/// The part of docs/errors.md that is made of the rows, in Markdown.
[[nodiscard]] std::string error_reference();

}  // namespace lemu::emulator::cli
