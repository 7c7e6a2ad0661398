// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/event.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "base/input_file.hpp"
#include "base/json_syntax.hpp"
#include "base/syscall.hpp"
#include "emulator/function/errors.hpp"

namespace lemu::emulator {
namespace {

using nlohmann::json;

/// Accepts everything and keeps where the parser stopped. nlohmann's SAX parser holds its nesting in a vector
/// of bits, so a million brackets are no danger to the stack.
struct Checker : nlohmann::json_sax<json> {
  std::size_t position = 0;
  std::string reason;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const json::exception& error) override {
    position = at;
    reason = error.what();
    return false;
  }
};

/// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …" → "syntax error …".
/// What was read last is cut to a length that fits a terminal, and held to printable ASCII.
std::string shortened(std::string reason) {
  constexpr std::size_t limit = 200;
  const std::size_t column = reason.find("column ");
  const std::size_t end = column == std::string::npos ? reason.find("] ") : reason.find(": ", column);
  if (end != std::string::npos) reason.erase(0, end + 2);
  const bool too_long = reason.size() > limit;
  if (too_long) reason.resize(limit);
  std::replace_if(
      reason.begin(), reason.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return too_long ? reason + "..." : reason;
}

/// "line 3, column 5" of the byte after which the parser stopped.
std::string place_of(std::string_view bytes, std::size_t position) {
  const std::string_view before = bytes.substr(0, std::min(position > 0 ? position - 1 : 0, bytes.size()));
  const auto lines = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? before.size() : before.size() - start - 1;
  return "line " + std::to_string(lines + 1) + ", column " + std::to_string(column + 1);
}

/// The encoding of text that is not in UTF-8, as iconv(1) calls it; empty where that cannot be told. JSON's
/// first character is ASCII: where the zeros beside it stand tells of UTF-16 without a mark (RFC 4627,
/// section 3).
std::string_view other_encoding(std::string_view bytes) {
  const auto starts = [bytes](std::string_view with) { return bytes.starts_with(with); };
  if (starts(std::string_view("\xFF\xFE\0\0", 4)) || starts(std::string_view("\0\0\xFE\xFF", 4)))
    return "UTF-32";
  if (starts("\xFF\xFE") || starts("\xFE\xFF")) return "UTF-16";
  if (bytes.size() < 4 || bytes.size() % 2 != 0) return {};
  if (bytes[0] != '\0' && bytes[1] == '\0' && bytes[3] == '\0' && bytes[2] != '\0') return "UTF-16LE";
  if (bytes[0] == '\0' && bytes[1] != '\0' && bytes[2] == '\0' && bytes[3] != '\0') return "UTF-16BE";
  return {};
}

/// How the AWS CLI and curl mark a path.
std::string_view path_mark(std::string_view text) {
  for (const std::string_view mark : {"fileb://", "file://", "@"})
    if (text.starts_with(mark) && text.size() > mark.size()) return mark;
  return {};
}

bool is_file(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

/// What was no JSON, where it is plain what was meant.
std::optional<Error> mistaken_data(const std::string& data) {
  const std::string_view mark = path_mark(data);
  if (mark.empty() && !is_file(data)) return std::nullopt;
  return error<"data-is-path">(at<"text">(data), at<"path">(data.substr(mark.size())));
}

/// What is no file, where it is plain what was meant.
std::optional<Error> mistaken_path(const std::string& path) {
  constexpr std::size_t kShown = 200;
  if (is_json(path) || path.starts_with('{'))
    return (path.size() <= kShown
                ? fail<"event-is-json">(at<"start">(path), at<"json">(path))
                : fail<"event-is-json">(at<"start">(path.substr(0, kShown) + "…"), at<"json">("JSON")))
        .value();
  const std::string_view mark = path_mark(path);
  if (mark.empty()) return std::nullopt;
  return error<"event-path-marked">(at<"text">(path), at<"mark">(mark), at<"path">(path.substr(mark.size())));
}

Result<std::string> read_all(int fd, std::string_view name) {
  std::string content;
  while (content.size() <= kEventLimit) {
    const std::size_t before = content.size();
    content.resize(std::min(kEventLimit + 1, std::max<std::size_t>(before * 2, 64 * 1024)));
    const std::span<char> room(content.data() + before, content.size() - before);
    Result<std::size_t> count = read_up_to(fd, std::as_writable_bytes(room));
    if (!count)
      return count.error().os_error == EISDIR
                 ? fail<"event-is-folder">(at<"name">(name), at<"reason">(count.error().message))
                 : fail<"event-not-read">(at<"name">(name), at<"reason">(count.error().message));
    content.resize(before + *count);
    if (*count < room.size()) return content;
  }
  return fail<"event-too-large">(at<"name">(name), at<"most">(kEventLimit));
}

Result<std::string> read_from(const std::string& path, int stdin_fd) {
  if (path == "-") return read_all(stdin_fd, "standard input");
  Result<Fd> fd = open_input(path);
  if (fd) return read_all(fd->get(), path);
  if (std::optional<Error> mistake = mistaken_path(path)) return fail(std::move(*mistake));
  return fd.error().os_error == EACCES
             ? fail<"event-not-readable">(at<"reason">(fd.error().message), at<"path">(path))
             : fail<"event-not-opened">(at<"reason">(fd.error().message));
}

Status check_event(std::string_view bytes, const std::string& name) {
  if (bytes.size() > kEventLimit) return fail<"event-too-large">(at<"name">(name), at<"most">(kEventLimit));
  if (bytes.empty()) return fail<"event-empty">(at<"name">(name));
  return check_json(bytes, name);
}

}  // namespace

Status check_json(std::string_view bytes, std::string_view name) {
  if (const std::string_view encoding = other_encoding(bytes); !encoding.empty())
    return fail<"event-utf16">(at<"name">(name), at<"encoding">(encoding));
  if (bytes.starts_with("\xEF\xBB\xBF"))
    return fail<"event-byte-order-mark">(at<"name">(name));  // the parser skips it
  const std::size_t nul = bytes.find('\0');                  // the parser takes it for the end
  if (nul != std::string_view::npos)
    return fail<"json-invalid">(at<"name">(name), at<"place">(place_of(bytes, nul + 1)),
                                at<"reason">("a NUL byte"));
  if (is_json(bytes)) return {};
  Checker checker;                                            // slower, and says where
  const std::string paired = without_lone_surrogates(bytes);  // of the same length
  if (json::sax_parse(paired.begin(), paired.end(), &checker)) return {};
  return fail<"json-invalid">(at<"name">(name), at<"place">(place_of(bytes, checker.position)),
                              at<"reason">(shortened(std::move(checker.reason))));
}

Status check_client_context(std::string_view json) {
  constexpr std::string_view name = "--client-context";
  if (json.size() > kClientContextLimit)
    return fail<"client-context-too-large">(at<"size">(json.size()), at<"most">(kClientContextLimit));
  LEMU_TRY(check_json(json, name));
  if (json[json.find_first_not_of(" \t\r\n")] != '{') return fail<"client-context-not-object">();
  return {};
}

Result<std::string> read_event(const EventSource& source, int stdin_fd) {
  if (!source.file && !source.data) return std::string("{}");
  const std::string name = source.data ? "--data" : *source.file == "-" ? "standard input" : *source.file;
  Result<std::string> bytes =
      source.data ? Result<std::string>(*source.data) : read_from(*source.file, stdin_fd);
  LEMU_TRY(bytes);
  Status valid = check_event(*bytes, name);
  if (!valid && source.data)
    if (std::optional<Error> mistake = mistaken_data(*bytes)) return fail(std::move(*mistake));
  LEMU_TRY(valid);
  return bytes;
}

}  // namespace lemu::emulator
