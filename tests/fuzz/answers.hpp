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
  std::string body;

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

/// The fields up to and with the empty line.
[[nodiscard]] inline bool take_fields(std::string_view& rest, Answer& answer) {
  while (const std::optional<std::string_view> line = take_line(rest)) {
    if (line->empty()) return true;
    const std::size_t colon = line->find(": ");
    if (colon == std::string_view::npos) return false;
    answer.fields.emplace_back(line->substr(0, colon), line->substr(colon + 2));
  }
  return false;
}

[[nodiscard]] inline bool take_bytes(std::string_view& rest, std::string_view number, int base,
                                     std::string& into) {
  std::size_t length = 0;
  const char* const end = number.data() + number.size();
  if (const auto [stop, error] = std::from_chars(number.data(), end, length, base);
      error != std::errc() || stop != end)
    return false;
  if (rest.size() < length) return false;
  into.append(rest.substr(0, length));
  rest.remove_prefix(length);
  return true;
}

[[nodiscard]] inline bool take_chunks(std::string_view& rest, Answer& answer) {
  while (const std::optional<std::string_view> size = take_line(rest)) {
    const std::size_t before = answer.body.size();
    if (!take_bytes(rest, *size, 16, answer.body)) return false;
    if (answer.body.size() == before) return take_fields(rest, answer);  // the trailers
    if (const std::optional<std::string_view> line = take_line(rest); !line || !line->empty()) return false;
  }
  return false;
}

[[nodiscard]] inline bool take_answer(std::string_view& rest, Answer& answer) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::optional<std::string_view> line = take_line(rest);
  if (!line || !line->starts_with(kVersion) || line->size() < kVersion.size() + 4) return false;
  std::from_chars(line->data() + kVersion.size(), line->data() + kVersion.size() + 3, answer.status);
  if (!take_fields(rest, answer)) return false;
  if (answer.field("Transfer-Encoding") == "chunked") return take_chunks(rest, answer);
  if (const std::string_view length = answer.field("Content-Length"); !length.empty())
    return take_bytes(rest, length, 10, answer.body);
  answer.body = std::exchange(rest, {});  // a stream to a client of HTTP/1.0: it ends with the connection
  return answer.field("Connection") == "close";
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
