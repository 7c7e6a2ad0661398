// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/function_reference.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/url.hpp"
#include "emulator/function/config.hpp"

namespace lemu::emulator {
namespace {

// NamespacedFunctionName of the service's model (botocore, lambda/2015-03-31). The model has no limit of its
// own on what is a name alone.
constexpr std::size_t kReferenceLimit = 256;
constexpr char kNamePattern[] =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?"
    "(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
constexpr std::size_t kAccountDigits = 12;
constexpr std::string_view kLatestPublished = "$LATEST.PUBLISHED";

constexpr std::size_t kQualifierLimit = 128;
constexpr char kQualifierPattern[] = "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";

using Parts = std::vector<std::string_view>;

Parts split(std::string_view text) {
  Parts parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
  });
}
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '.' || is_word({&c, 1});
  });
}
/// "-east-1"
bool is_place(std::string_view text) {
  return text.size() > 3 && text.front() == '-' && is_digit(text.back()) && text[text.size() - 2] == '-' &&
         std::all_of(text.begin() + 1, text.end() - 2, is_small);
}
/// "us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"
bool is_region(std::string_view text) {
  if (text.starts_with("eusc-")) text.remove_prefix(5);
  if (text.size() < 2 || !is_small(text[0]) || !is_small(text[1])) return false;
  text.remove_prefix(2);
  if (is_place(text)) return true;
  if (text.starts_with("-gov")) return is_place(text.substr(4));
  if (!text.starts_with("-iso") || text.size() < 5) return false;
  return is_place(text.substr(is_small(text[4]) ? 5 : 4));
}
bool is_account(std::string_view text) {
  return text.size() == kAccountDigits && std::all_of(text.begin(), text.end(), is_digit);
}

ApiError unsatisfied(std::string_view value, const std::string& constraint,
                     const std::string& member = "functionName") {
  return {ApiFault::validation, "1 validation error detected: Value '" + std::string(value) + "' at '" +
                                    member + "' failed to satisfy constraint: " + constraint};
}

std::string at_most(std::size_t length) {
  return "Member must have length less than or equal to " + std::to_string(length);
}

std::optional<ApiError> objection_to_qualifier(std::string_view text) {
  if (text.size() > kQualifierLimit) return unsatisfied(text, at_most(kQualifierLimit), "qualifier");
  const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
    return c == '$' || is_word({&c, 1});
  });
  if (fits || text == kLatestPublished) return std::nullopt;
  return unsatisfied(
      text, std::string("Member must satisfy regular expression pattern: ") + kQualifierPattern, "qualifier");
}

/// [arn:aws:lambda:][REGION:][ACCOUNT:][function:]NAME[:QUALIFIER], in the pattern's own order.
bool take(const Parts& parts, FunctionReference& into) {
  std::size_t at = 0;
  if (parts[0] == "arn") {
    if (parts.size() < 7 || !parts[1].starts_with("aws") || parts[2] != "lambda") return false;
    into.region = parts[3];
    at = 4;
  }
  if (parts[0] != "arn" && parts.size() > 1 && is_region(parts[0])) into.region = parts[at++];
  if (at + 1 < parts.size() && is_account(parts[at])) into.account = parts[at++];
  if (at + 1 < parts.size() && parts[at] == "function") ++at;
  const std::size_t left = parts.size() - at;
  if (left > 2 || !is_name(parts[at])) return false;
  into.name = parts[at];
  if (left == 1) return true;
  into.qualifier = parts[at + 1];
  return into.qualifier == kLatestVersion || into.qualifier == kLatestPublished || is_word(into.qualifier);
}

}  // namespace

tl::expected<FunctionReference, ApiError> parse_function_reference(std::string_view in_path,
                                                                   std::string_view in_query) {
  const std::string text = percent_decode(in_path).value_or(std::string(in_path));
  if (text.size() > kReferenceLimit) return tl::unexpected(unsatisfied(text, at_most(kReferenceLimit)));
  FunctionReference reference;
  if (!take(split(text), reference))
    return tl::unexpected(
        unsatisfied(text, std::string("Member must satisfy regular expression pattern: ") + kNamePattern));
  if (in_query.empty()) return reference;
  if (std::optional<ApiError> objection = objection_to_qualifier(in_query))
    return tl::unexpected(std::move(*objection));
  if (!reference.qualifier.empty() && reference.qualifier != in_query)
    return tl::unexpected(
        ApiError{ApiFault::invalid_parameter_value,
                 "The derived qualifier from the function name does not match the specified qualifier."});
  reference.qualifier = in_query;
  return reference;
}

}  // namespace lemu::emulator
