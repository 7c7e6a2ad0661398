// SPDX-License-Identifier: Apache-2.0
#include "base/json_document.hpp"

#include <nlohmann/json.hpp>

#include "base/json_syntax.hpp"

namespace lemu {
namespace {

/// Of brackets outside strings; whether they match is the parser's to say.
bool is_nested_deeper(std::string_view text, std::size_t levels) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string && c == '\\')
      ++at;
    else if (c == '"')
      in_string = !in_string;
    else if (in_string)
      continue;
    else if ((c == '[' || c == '{') && ++depth > levels)
      return true;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
  }
  return false;
}

}  // namespace

nlohmann::ordered_json json_document(std::string_view text, std::size_t levels) {
  if (is_nested_deeper(text, levels)) return nlohmann::ordered_json::value_t::discarded;
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!document.is_discarded()) return document;
  return nlohmann::ordered_json::parse(without_lone_surrogates(text), nullptr, false);
}

}  // namespace lemu
