// SPDX-License-Identifier: Apache-2.0
#include "base/http/go_head.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "base/words.hpp"

namespace lemu::http {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kLength = "Content-Length";
constexpr std::string_view kEncoding = "Transfer-Encoding";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The first line without its end, which is LF or CR LF; `rest` is what follows. There is one.
std::string_view take_line(std::string_view& rest) {
  std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// How long the empty line at the front is; 0 when there is none.
std::size_t empty_line(std::string_view text) {
  if (text.starts_with('\n')) return 1;
  return text.starts_with("\r\n") ? 2 : 0;
}

/// Where the head ends, its empty line included; npos while it does not. `looked_at` moves on to where the
/// next call has to begin.
std::size_t end_of_head(std::string_view text, std::size_t& looked_at) {
  while (true) {
    const std::size_t line_end = text.find('\n', looked_at);
    if (line_end == std::string_view::npos) {
      looked_at = text.size();
      return line_end;
    }
    if (const std::size_t empty = empty_line(text.substr(line_end + 1)); empty > 0)
      return line_end + 1 + empty;
    looked_at = line_end;
    const std::string_view after = text.substr(line_end + 1);
    if (after.empty() || after == "\r") return std::string_view::npos;  // the empty line may follow
    looked_at = line_end + 1;
  }
}

struct HeadLine {
  std::string text;
  [[nodiscard]] bool is(std::string_view name) const {
    return text.size() > name.size() && text[name.size()] == ':' &&
           same_word(std::string_view(text).substr(0, name.size()), name);
  }
  [[nodiscard]] std::string_view value() const {
    return trimmed(std::string_view(text).substr(text.find(':') + 1), kBlanks);
  }
};

/// The fields of a head, each on one line. A blank in front of the first one is left to be refused.
std::vector<HeadLine> unfolded(std::string_view rest) {
  std::vector<HeadLine> fields;
  while (empty_line(rest) == 0) {
    const std::string_view line = take_line(rest);
    if (is_blank(line.front()) && !fields.empty())
      fields.back().text.append(" ").append(trimmed(line, kBlanks));
    else
      fields.push_back({std::string(line)});
  }
  return fields;
}

/// As net/http parses it: digits alone, below 2^63.
bool is_length(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.starts_with('-') && error == std::errc() && end == text.data() + text.size();
}

/// Takes out the field that does not count where both say how long the body is. What Go refuses stays, and
/// the strict parser refuses it too.
void settle_framing(std::vector<HeadLine>& fields, bool speaks_1_0) {
  const auto is_encoding = [](const HeadLine& field) { return field.is(kEncoding); };
  const auto is_size = [](const HeadLine& field) { return field.is(kLength); };
  if (speaks_1_0) {
    std::erase_if(fields, is_encoding);
    return;
  }
  const auto encoding = std::find_if(fields.begin(), fields.end(), is_encoding);
  const auto size = std::find_if(fields.begin(), fields.end(), is_size);
  if (encoding == fields.end() || size == fields.end()) return;
  const bool chunked = same_word(encoding->value(), "chunked") &&
                       std::count_if(fields.begin(), fields.end(), is_encoding) == 1;
  const bool valid =
      is_length(size->value()) && std::all_of(fields.begin(), fields.end(), [&](const HeadLine& one) {
        return !one.is(kLength) || one.value() == size->value();
      });
  if (chunked && valid) std::erase_if(fields, is_size);
}

/// Whether the strict parser reads these lines as Go does.
bool is_strict(std::string_view lines, bool speaks_1_0) {
  bool has_length = false, has_encoding = false;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin);
    if (end == begin || lines[end - 1] != '\r' || is_blank(lines[begin])) return false;
    has_length = has_length || same_word(lines.substr(begin, kLength.size()), kLength);
    has_encoding = has_encoding || same_word(lines.substr(begin, kEncoding.size()), kEncoding);
    begin = end + 1;
  }
  return !has_encoding || !(has_length || speaks_1_0);
}

}  // namespace

void GoHead::reset() {
  std::string().swap(strict_);
  request_line_.clear();
  looked_at_ = 0;
}

std::optional<GoHead::Piece> GoHead::next(std::string_view unread) {
  const bool line_given = !request_line_.empty();
  const std::size_t empty = line_given ? empty_line(unread) : 0;
  const std::size_t end = empty > 0 ? empty : end_of_head(unread, looked_at_);
  if (end == std::string_view::npos) return line_given ? std::nullopt : request_line(unread);
  const std::string_view head = unread.substr(0, end);
  std::string_view fields = head;
  const std::string_view line = line_given ? std::string_view(request_line_) : take_line(fields);
  const bool speaks_1_0 = line.ends_with(" HTTP/1.0");
  if (is_strict(head, speaks_1_0)) return Piece{head, end};
  strict_ = line_given ? std::string() : std::string(line) + "\r\n";
  std::vector<HeadLine> all = unfolded(fields);
  settle_framing(all, speaks_1_0);
  for (const HeadLine& field : all) strict_.append(field.text).append("\r\n");
  strict_.append("\r\n");
  return Piece{strict_, end};
}

std::optional<GoHead::Piece> GoHead::request_line(std::string_view unread) {
  const std::size_t end = unread.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  request_line_ = take_line(unread);
  strict_ = request_line_ + "\r\n";
  looked_at_ = 0;
  return Piece{strict_, end + 1};
}

}  // namespace lemu::http
