// SPDX-License-Identifier: Apache-2.0
// Words in which capital letters are the same as small ones: names of HTTP fields and hosts, of
// architectures. ASCII only, whatever the locale. And the blanks around words.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace lemu {

[[nodiscard]] constexpr char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string in_small_letters(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), small_letter);
  return result;
}

[[nodiscard]] inline bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return small_letter(x) == small_letter(y);
         });
}

/// Without the blanks at both ends.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text, std::string_view blanks) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace lemu
