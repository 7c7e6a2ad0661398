// SPDX-License-Identifier: Apache-2.0
#include "qemu/proc_text.hpp"

namespace lemu::qemu {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::string_view next_word(std::string_view& line) {
  const auto* const start = std::find_if_not(line.begin(), line.end(), is_blank);
  const auto* const end = std::find_if(start, line.end(), is_blank);
  const std::string_view word(start, static_cast<std::size_t>(end - start));
  line.remove_prefix(static_cast<std::size_t>(end - line.begin()));
  return word;
}

std::optional<std::uint64_t> kib_field(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  const std::optional<std::uint64_t> value = to_number<std::uint64_t>(next_word(line));
  if (!value) return std::nullopt;
  return *value * kKib;
}

std::optional<std::uint64_t> find_field(std::string_view text, std::string_view key) {
  std::size_t at = text.find(key);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n') at = text.find(key, at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  return kib_field(text.substr(at, text.find('\n', at) - at), key);
}

}  // namespace lemu::qemu
