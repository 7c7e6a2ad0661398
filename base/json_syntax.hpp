// SPDX-License-Identifier: Apache-2.0
// Whether a text is JSON, as fast as that can be told (Boost.JSON's parser, nothing kept). Any thread.
#pragma once

#include <string_view>

namespace lemu {

/// RFC 8259 in UTF-8: numbers of any size, nesting of any depth, no byte order mark, nothing behind the value
/// but blanks.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace lemu
