// SPDX-License-Identifier: Apache-2.0
#include "qemu/mount_table.hpp"

namespace lemu::qemu {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find(' ');
    if (end != 0) words.push_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return words;
}

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

/// Blanks, tabs, newlines and backslashes stand there as three octal digits.
std::string unescaped(std::string_view word) {
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 3 < word.size() && is_octal(word[i + 1]) && is_octal(word[i + 2]) &&
        is_octal(word[i + 3])) {
      text += static_cast<char>((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0'));
      i += 3;
    } else {
      text += word[i];
    }
  }
  return text;
}

}  // namespace

std::vector<MountPoint> parse_mountinfo(std::string_view text) {
  // 36 35 98:0 ROOT PLACE OPTIONS [optional fields…] - TYPE SOURCE SUPER_OPTIONS
  constexpr std::size_t kRoot = 3;
  constexpr std::size_t kPlace = 4;
  std::vector<MountPoint> table;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::vector<std::string_view> words = words_of(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t dash = kPlace + 1;
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 1 >= words.size()) continue;
    table.push_back({unescaped(words[kRoot]), unescaped(words[kPlace]), std::string(words[dash + 1]),
                     dash + 3 < words.size() ? std::string(words[dash + 3]) : std::string()});
  }
  return table;
}

}  // namespace lemu::qemu
