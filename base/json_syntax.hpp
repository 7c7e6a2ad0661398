// SPDX-License-Identifier: Apache-2.0
// Whether a text is JSON, as fast as that can be told (Boost.JSON's parser, nothing kept). Any thread.
#pragma once

#include <string>
#include <string_view>

namespace lemu {

/// RFC 8259 in UTF-8: numbers of any size, nesting of any depth, no byte order mark, nothing behind the value
/// but blanks. Escapes of lone surrogates ("\ud800") are of its grammar (section 8.2), and Lambda takes them.
[[nodiscard]] bool is_json(std::string_view text);

/// The text with each escape of a lone surrogate as \ufffd, which is as long, for parsers that make UTF-8 of
/// strings. Pairs stay.
[[nodiscard]] std::string without_lone_surrogates(std::string_view text);

}  // namespace lemu
