// SPDX-License-Identifier: Apache-2.0
#include "base/json_syntax.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/words.hpp"

namespace lemu {
namespace {

namespace json = boost::json;

// Boost's parser uses the stack for each level; nlohmann's, which takes what is deeper, a bit in a vector.
// (It finds fault with numbers beyond a double's, and stops at a NUL.)
constexpr std::size_t kRecursion = 200;

struct Nothing {
  // NOLINTBEGIN(readability-identifier-naming): the parser's names
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  // NOLINTEND(readability-identifier-naming)
  using Code = json::error_code;
  using Text = json::string_view;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_key_part(Text, std::size_t, Code&) { return true; }
  bool on_key(Text, std::size_t, Code&) { return true; }
  bool on_string_part(Text, std::size_t, Code&) { return true; }
  bool on_string(Text, std::size_t, Code&) { return true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t, Text, Code&) { return true; }
  bool on_uint64(std::uint64_t, Text, Code&) { return true; }
  bool on_double(double, Text, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

bool is_grammatical(std::string_view text) {
  json::parse_options options;
  options.max_depth = kRecursion;
  json::basic_parser<Nothing> parser(options);
  json::error_code code;
  const std::size_t taken = parser.write_some(false, text.data(), text.size(), code);
  if (code == json::error::too_deep) return nlohmann::json::accept(text);
  return taken == text.size() && !code;
}

constexpr std::size_t kEscapeSize = std::string_view("\\ud800").size();

/// A surrogate's escape at the text's start: half of a pair of UTF-16.
enum class Surrogate { none, leading, trailing };
Surrogate surrogate_at(std::string_view text) {
  if (text.size() < kEscapeSize || !text.starts_with("\\u") || small_letter(text[2]) != 'd')
    return Surrogate::none;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const char kind = small_letter(text[3]);
  if (!is_hex(kind) || !is_hex(small_letter(text[4])) || !is_hex(small_letter(text[5])))
    return Surrogate::none;
  return kind < '8'                                                 ? Surrogate::none
         : kind == '8' || kind == '9' || kind == 'a' || kind == 'b' ? Surrogate::leading
                                                                    : Surrogate::trailing;
}

}  // namespace

bool is_json(std::string_view text) {
  if (is_grammatical(text)) return true;
  const std::string paired = without_lone_surrogates(text);
  return paired != text && is_grammatical(paired);
}

std::string without_lone_surrogates(std::string_view text) {
  std::string copy(text);
  for (std::size_t at = copy.find('\\'); at != std::string::npos; at = copy.find('\\', at)) {
    const std::string_view rest = std::string_view(copy).substr(at);
    const Surrogate kind = surrogate_at(rest);
    if (kind == Surrogate::none) {
      at += 2;  // a backslash and what it escapes
    } else if (kind == Surrogate::leading && surrogate_at(rest.substr(kEscapeSize)) == Surrogate::trailing) {
      at += 2 * kEscapeSize;
    } else {
      copy.replace(at, kEscapeSize, "\\ufffd");
      at += kEscapeSize;
    }
  }
  return copy;
}

}  // namespace lemu
