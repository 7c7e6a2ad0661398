// SPDX-License-Identifier: Apache-2.0
#include "base/json_syntax.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <limits>
#include <nlohmann/json.hpp>

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

}  // namespace

bool is_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kRecursion;
  json::basic_parser<Nothing> parser(options);
  json::error_code code;
  const std::size_t taken = parser.write_some(false, text.data(), text.size(), code);
  if (code == json::error::too_deep) return nlohmann::json::accept(text);
  return taken == text.size() && !code;
}

}  // namespace lemu
