// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/env_file.hpp"

#include <algorithm>

#include "base/input_file.hpp"
#include "base/words.hpp"
#include "emulator/function/errors.hpp"

namespace lemu::emulator {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kFileLimit =
    1024 * 1024;  // Lambda takes 4 KB of variables; the rest can only be comments

/// Cuts a comment off: '#' at the start, or after a blank.
std::string_view without_comment(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '#' && (at == 0 || kBlanks.find(text[at - 1]) != std::string_view::npos))
      return text.substr(0, at);
  return text;
}

struct Line {
  std::string_view path;
  std::size_t number;

  [[nodiscard]] std::string place() const { return std::string(path) + ":" + std::to_string(number); }
};

std::optional<char> unescaped(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '"':
    case '\\':
    case '$': return letter;
    default: return std::nullopt;
  }
}

/// `text` starts with a quote; nothing but a comment may follow the closing one.
Result<std::string> quoted_value(std::string_view text, const Line& line) {
  const char quote = text.front();
  std::string value;
  std::size_t index = 1;
  for (; index < text.size() && text[index] != quote; ++index) {
    if (quote == '\'' || text[index] != '\\') {
      value += text[index];
      continue;
    }
    ++index;
    const std::optional<char> letter = index < text.size() ? unescaped(text[index]) : std::nullopt;
    if (!letter) return fail<"env-file-backslash">(at<"place">(line.place()));
    value += *letter;
  }
  if (index >= text.size())
    return fail<"env-file-quote-open">(at<"place">(line.place()), at<"quote">(std::string(1, quote)));
  if (!trimmed(without_comment(text.substr(index + 1)), kBlanks).empty())
    return fail<"env-file-text-after-quote">(at<"place">(line.place()));
  return value;
}

Result<std::string> value_of(std::string_view raw, const Line& line) {
  const std::string_view text = trimmed(raw, kBlanks);
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return quoted_value(text, line);
  // A comment is looked for before trimming: in `NAME= # none` the blank before '#' belongs to the value's
  // side.
  return std::string(trimmed(without_comment(raw), kBlanks));
}

std::string_view without_export(std::string_view text) {
  constexpr std::string_view word = "export";
  if (text.size() > word.size() && text.starts_with(word) &&
      kBlanks.find(text[word.size()]) != std::string_view::npos)
    return trimmed(text.substr(word.size()), kBlanks);
  return text;
}

Result<std::optional<EnvironmentEntry>> parse_line(std::string_view raw, const Line& line) {
  std::string_view text = trimmed(raw, kBlanks);
  if (text.empty() || text.front() == '#') return std::optional<EnvironmentEntry>();
  text = without_export(text);
  const std::size_t equals = text.find('=');
  const std::string_view name =
      trimmed(equals == std::string_view::npos ? without_comment(text) : text.substr(0, equals), kBlanks);
  if (name.empty()) return fail<"env-file-value-without-name">(at<"place">(line.place()));
  if (name.find_first_of(kBlanks) != std::string_view::npos)
    return fail<"env-file-name-with-blank">(at<"place">(line.place()), at<"name">(name));
  if (equals == std::string_view::npos)
    return std::optional(EnvironmentEntry{std::string(name), std::nullopt, line.place()});
  Result<std::string> value = value_of(text.substr(equals + 1), line);
  LEMU_TRY(value);
  return std::optional(EnvironmentEntry{std::string(name), std::move(*value), line.place()});
}

/// No name of a variable begins so.
bool is_env_json(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

Result<std::vector<EnvironmentEntry>> parse_env_file(std::string_view text, std::string_view path) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<EnvironmentEntry> entries;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (raw.ends_with('\r')) raw.remove_suffix(1);
    const Line line{path, number};
    if (raw.find('\0') != std::string_view::npos) return fail<"env-file-nul">(at<"place">(line.place()));
    Result<std::optional<EnvironmentEntry>> entry = parse_line(raw, line);
    LEMU_TRY(entry);
    if (*entry) entries.push_back(std::move(**entry));
  }
  return entries;
}

Result<std::vector<EnvironmentEntry>> read_env_file(const std::string& path, std::string_view function) {
  Result<std::string> text = read_input(path, kFileLimit);
  if (!text) return fail<"env-file-not-read">(at<"reason">(text.error().message));
  return is_env_json(*text) ? parse_env_json(*text, path, function) : parse_env_file(*text, path);
}

Result<EnvironmentEntry> parse_env_option(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals)), origin(kEnvOption);
  if (name.empty()) return fail<"env-without-name">(at<"text">(text));
  if (equals == std::string_view::npos) return EnvironmentEntry{name, std::nullopt, origin};
  return EnvironmentEntry{name, std::string(text.substr(equals + 1)), origin};
}

}  // namespace lemu::emulator
