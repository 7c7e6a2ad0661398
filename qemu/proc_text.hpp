// SPDX-License-Identifier: Apache-2.0
// Words, numbers and fields in the texts of /proc. No system calls; any thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lemu::qemu {

inline constexpr std::uint64_t kKib = 1024;

/// Takes the next word off `line`; words are parted by blanks and tabs.
std::string_view next_word(std::string_view& line);

template <class Number>
std::optional<Number> to_number(std::string_view word, int base = 10) {
  Number value = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value, base);
  return error == std::errc() && stop == end ? std::optional<Number>(value) : std::nullopt;
}

/// The bytes of "Rss:   12 kB" in a line that begins with `key`.
std::optional<std::uint64_t> kib_field(std::string_view line, std::string_view key);

/// The same of the first line of `text` that begins with `key`.
std::optional<std::uint64_t> find_field(std::string_view text, std::string_view key);

template <class Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace lemu::qemu
