// SPDX-License-Identifier: Apache-2.0
// Env files: what is read can be written out in quotes and reads the same; what passes the rules of Lambda
// keeps to them.
#include "emulator/function/env_file.hpp"

#include <algorithm>
#include <set>

#include "emulator/function/variables.hpp"
#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::emulator;

namespace {

std::string in_quotes(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else if (c == '\t')
      text += "\\t";
    else if (c == '"' || c == '\\' || c == '$')
      text.append("\\").append(1, c);
    else
      text += c;
  }
  return text + "\"";
}

void reads_the_same(const std::vector<EnvironmentEntry>& entries) {
  std::string text;
  for (const EnvironmentEntry& entry : entries) {
    text += "export " + entry.name;
    if (entry.value) text += "=" + in_quotes(*entry.value) + "  # again";
    text += "\r\n";
  }
  const Result<std::vector<EnvironmentEntry>> again = parse_env_file(text, "again");
  LEMU_HOLDS(again && again->size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    LEMU_HOLDS((*again)[i].name == entries[i].name && (*again)[i].value == entries[i].value);
    LEMU_HOLDS((*again)[i].origin == "again:" + std::to_string(i + 1));
  }
}

bool is_lambda_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return name.size() >= 2 && letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return letter(c) || c == '_' || (c >= '0' && c <= '9');
         });
}

void check_settled(const std::vector<EnvironmentEntry>& entries) {
  const EnvironmentLookup lookup = [](std::string_view name) {
    return name == "HOME" ? std::optional<std::string>("/home/x") : std::nullopt;
  };
  const Result<UserVariables> settled = resolve_user_variables(entries, lookup);
  if (!settled) {
    LEMU_HOLDS(settled.error().kind == ErrorKind::bad_usage);
    return;
  }
  std::set<std::string_view> names;
  std::size_t size = 0;
  for (const Variable& variable : settled->variables) {
    LEMU_HOLDS(is_lambda_name(variable.name) && names.insert(variable.name).second);
    size += variable.name.size() + variable.value.size();
  }
  LEMU_HOLDS(size <= 4096);
}

void check_json_file(std::string_view text) {
  const Result<std::vector<EnvironmentEntry>> entries = parse_env_json(text, "env.json", "f");
  if (!entries) {
    LEMU_HOLDS(entries.error().kind == ErrorKind::bad_input &&
               entries.error().message.starts_with("env.json"));
    return;
  }
  for (const EnvironmentEntry& entry : *entries)
    LEMU_HOLDS(entry.value && entry.value->find('\0') == std::string::npos);
  check_settled(*entries);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  static_cast<void>(parse_env_option(text));
  check_json_file(text);
  const Result<std::vector<EnvironmentEntry>> entries = parse_env_file(text, "some.env");
  if (!entries) {
    LEMU_HOLDS(entries.error().kind == ErrorKind::bad_input);
    LEMU_HOLDS(entries.error().message.starts_with("some.env:"));
    return 0;
  }
  for (const EnvironmentEntry& entry : *entries) {
    LEMU_HOLDS(!entry.name.empty() && entry.name.find_first_of(" \t=\n") == std::string::npos);
    if (entry.value) LEMU_HOLDS(entry.value->find('\0') == std::string::npos);
  }
  reads_the_same(*entries);
  check_settled(*entries);
  return 0;
}
