// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_error.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json_document.hpp"

namespace lemu::rapi {
namespace {

using Json = nlohmann::ordered_json;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }

/// (Runtime|Function)\.[A-Z][a-zA-Z]+ anywhere in the text: the emulator of AWS does not anchor it.
bool holds_error_type(std::string_view text) {
  for (const std::string_view prefix : {std::string_view("Runtime."), std::string_view("Function.")})
    for (std::size_t at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
      const std::string_view reason = text.substr(at + prefix.size());
      if (reason.size() >= 2 && is_upper(reason[0]) && is_letter(reason[1])) return true;
    }
  return false;
}

/// What stands in a report must not look like another of its fields, nor drive a terminal.
bool is_of_report(char c) {
  constexpr std::string_view kOthers = "._- ";
  return is_letter(c) || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
}

/// Go's decoding of a field: absent and null leave the zero value, another type is an error.
template <class T>
bool take(const Json& from, const char* key, T& into) {
  const auto found = from.find(key);
  if (found == from.end() || found->is_null()) return true;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    if (!found->is_number_integer()) return false;
  }
  into = found->get<T>();
  return true;
}

bool take_strings(const Json& from, const char* key, std::vector<std::string>& into) {
  const auto found = from.find(key);
  if (found == from.end() || found->is_null()) return true;
  if (!found->is_array()) return false;
  for (const Json& one : *found) {
    if (!one.is_string()) return false;
    into.push_back(one.get<std::string>());
  }
  return true;
}

/// An array, each of whose elements `convert` turns into the known fields only.
template <class Convert>
bool take_objects(const Json& from, const char* key, Json& into, Convert convert) {
  const auto found = from.find(key);
  if (found == from.end() || found->is_null()) return true;
  if (!found->is_array()) return false;
  into = Json::array();
  for (const Json& one : *found) {
    Json kept = Json::object();
    if (!one.is_object() || !convert(one, kept)) return false;
    into.push_back(std::move(kept));
  }
  return true;
}

bool keep_frame(const Json& from, Json& kept) {
  std::string path, label;
  std::int64_t line = 0;
  if (!take(from, "path", path) || !take(from, "line", line) || !take(from, "label", label)) return false;
  if (!path.empty()) kept["path"] = path;
  if (line != 0) kept["line"] = line;
  if (!label.empty()) kept["label"] = label;
  return true;
}

bool keep_exception(const Json& from, Json& kept) {
  std::string message, type;
  Json stack;
  if (!take(from, "message", message) || !take(from, "type", type) ||
      !take_objects(from, "stack", stack, keep_frame))
    return false;
  if (!message.empty()) kept["message"] = message;
  if (!type.empty()) kept["type"] = type;
  if (!stack.empty()) kept["stack"] = std::move(stack);
  return true;
}

struct Cause {
  Json exceptions;  // null or an array
  std::string working_directory;
  Json paths;  // null or an array
  std::string message;

  [[nodiscard]] std::string text() const {
    Json json{{"exceptions", exceptions}, {"working_directory", working_directory}, {"paths", paths}};
    if (!message.empty()) json["message"] = message;
    // A cropped string may end in the middle of a character.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
};

bool read_cause(std::string_view text, Cause& cause) {
  const Json json = json_document(text);
  if (!json.is_object()) return false;
  std::vector<std::string> paths;
  if (!take_objects(json, "exceptions", cause.exceptions, keep_exception) ||
      !take(json, "working_directory", cause.working_directory) || !take_strings(json, "paths", paths) ||
      !take(json, "message", cause.message))
    return false;
  if (json.contains("paths") && json["paths"].is_array()) cause.paths = paths;
  return !cause.exceptions.empty() || !paths.empty() || !cause.working_directory.empty() ||
         !cause.message.empty();
}

void crop_list(Json& list, double factor) {
  if (!list.is_array()) return;
  const std::size_t keep = static_cast<std::size_t>(static_cast<double>(list.size()) * factor);
  while (list.size() > keep) list.erase(list.size() - 1);
}

void crop_text(std::string& text) {
  constexpr std::size_t kForFieldNames = 4096;
  constexpr std::size_t kLength = (kMaxErrorCause - kForFieldNames) / 2;
  if (text.size() > kLength) text = text.substr(0, kLength - 3) + "...";
}

std::string cropped(const Cause& cause) {
  for (const double factor : {0.8, 0.6, 0.4, 0.2}) {
    Cause less = cause;
    crop_list(less.exceptions, factor);
    crop_list(less.paths, factor);
    std::string text = less.text();
    if (text.size() <= kMaxErrorCause) return text;
  }
  Cause least{.exceptions = nullptr,
              .working_directory = cause.working_directory,
              .paths = nullptr,
              .message = cause.message};
  crop_text(least.working_directory);
  crop_text(least.message);
  return least.text();
}

}  // namespace

std::string sanitised_error_type(std::string_view header) {
  const bool shown = std::all_of(header.begin(), header.end(), is_of_report);
  if (shown && holds_error_type(header)) return std::string(header);
  return header.starts_with("Function.") ? "Function.Unknown" : "Runtime.Unknown";
}

std::string checked_error_cause(std::string_view json) {
  Cause cause;
  if (json.empty() || !read_cause(json, cause)) return {};
  std::string text = cause.text();
  return text.size() <= kMaxErrorCause ? text : cropped(cause);
}

ErrorBody split_error_cause(std::string_view body) {
  ErrorBody unreadable{R"("Invalid error body")", "application/octet-stream", {}};
  const Json json = json_document(body);
  std::string message, type;
  std::vector<std::string> stack;
  if (!json.is_object() || !take(json, "errorMessage", message) || !take(json, "errorType", type) ||
      !take_strings(json, "stackTrace", stack))
    return unreadable;
  Json rest{{"errorMessage", message}, {"errorType", type}};
  if (!stack.empty()) rest["stackTrace"] = stack;
  const auto cause = json.find("errorCause");
  return {rest.dump(), "application/json", cause == json.end() ? "" : checked_error_cause(cause->dump())};
}

}  // namespace lemu::rapi
