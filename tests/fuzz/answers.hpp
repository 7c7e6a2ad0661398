// SPDX-License-Identifier: Apache-2.0
// What a server wrote, read strictly: a sequence of whole HTTP/1.1 answers and nothing else. Shared by the
// targets that talk to a server.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lemu::fuzz {

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  std::string_view body;

  [[nodiscard]] std::string_view field(std::string_view name) const {
    for (const auto& [is, value] : fields)
      if (is == name) return value;
    return {};
  }
};

inline constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";

/// A line without its CR LF; nothing when it does not end so or holds another control character.
[[nodiscard]] inline std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(end + 2);
  return line;
}

[[nodiscard]] inline bool take_answer(std::string_view& rest, Answer& answer) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  std::optional<std::string_view> line = take_line(rest);
  if (!line || !line->starts_with(kVersion) || line->size() < kVersion.size() + 4) return false;
  std::from_chars(line->data() + kVersion.size(), line->data() + kVersion.size() + 3, answer.status);
  while ((line = take_line(rest)) && !line->empty()) {
    const std::size_t colon = line->find(": ");
    if (colon == std::string_view::npos) return false;
    answer.fields.emplace_back(line->substr(0, colon), line->substr(colon + 2));
  }
  if (!line) return false;
  std::size_t length = 0;
  const std::string_view declared = answer.field("Content-Length");
  if (std::from_chars(declared.data(), declared.data() + declared.size(), length).ec != std::errc())
    return false;
  if (rest.size() < length) return false;
  answer.body = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}

/// All of them, or nothing where a byte is out of place. (For requests other than HEAD, whose answers have no
/// body.)
[[nodiscard]] inline std::optional<std::vector<Answer>> parse_answers(std::string_view out) {
  std::vector<Answer> answers;
  while (!out.empty()) {
    if (out.starts_with(kInterim)) {
      out.remove_prefix(kInterim.size());
      continue;
    }
    if (!take_answer(out, answers.emplace_back())) return std::nullopt;
  }
  return answers;
}

}  // namespace lemu::fuzz
