// SPDX-License-Identifier: Apache-2.0
// JSON that came from outside lemu, as a document. Any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace lemu {

/// Levels of a document: what Jackson, which Lambda reads JSON with, takes unless told otherwise.
inline constexpr std::size_t kMostNested = 1000;

/// Discarded (is_discarded()) where the text is no JSON, or nested deeper than `levels`: nlohmann's parser
/// uses no stack for its levels, but to copy a document or to write it does. A lone surrogate is U+FFFD in
/// it, as for Go, which Lambda reads runtimes' JSON with: a document has no other place for one.
[[nodiscard]] nlohmann::ordered_json json_document(std::string_view text, std::size_t levels = kMostNested);

}  // namespace lemu
