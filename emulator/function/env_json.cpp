// SPDX-License-Identifier: Apache-2.0
// The JSON form of an env file: what `sam local invoke --env-vars` reads.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_document.hpp"
#include "emulator/function/env_file.hpp"
#include "emulator/function/errors.hpp"

namespace lemu::emulator {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr const char* kForAll = "Parameters";

Status add_object(const json& object, const std::string& path, const std::string& origin,
                  std::vector<EnvironmentEntry>& into) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_structured() || value.is_null())
      return fail<"env-json-malformed">(at<"path">(path),
                                        at<"what">("has no text, number or boolean for " + name));
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.find('\0') != std::string::npos)
      return fail<"env-json-malformed">(at<"path">(path),
                                        at<"what">("has a NUL character in the value of " + name));
    into.push_back({name, std::move(text), origin});
  }
  return {};
}

/// "'A', 'B'" of the objects in the document.
std::string names_of(const json& document) {
  std::string names;
  for (const auto& [name, value] : document.items())
    names.append(names.empty() ? "'" : ", '").append(name).append("'");
  return names;
}

bool has_objects_only(const json& document) {
  return !document.empty() &&
         std::all_of(document.begin(), document.end(), [](const json& value) { return value.is_object(); });
}

}  // namespace

Result<std::vector<EnvironmentEntry>> parse_env_json(std::string_view text, const std::string& path,
                                                     std::string_view function) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const json document = json_document(text);
  if (!document.is_object()) return fail<"env-json-malformed">(at<"path">(path), at<"what">("is not valid"));
  std::vector<EnvironmentEntry> entries;
  if (!has_objects_only(document)) {
    LEMU_TRY(add_object(document, path, path, entries));
    return entries;
  }
  bool found = false;
  for (const std::string& name : {std::string(kForAll), std::string(function)}) {
    if (!document.contains(name)) continue;
    found = true;
    LEMU_TRY(add_object(document[name], path, path + ": " + name, entries));
  }
  if (!found)
    return fail<"env-json-other-functions">(at<"path">(path), at<"functions">(names_of(document)),
                                            at<"name">(function));
  return entries;
}

}  // namespace lemu::emulator
