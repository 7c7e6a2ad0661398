// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/served_function.hpp"

#include "emulator/cli/command_line_values.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/pool_options.hpp"
#include "emulator/cli/suggest.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::string_view kEnv = "env.";

/// At the commas that no backslash stands before.
std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> pieces(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == ',')
      pieces.back() += text[++at];
    else if (text[at] == ',')
      pieces.emplace_back();
    else
      pieces.back() += text[at];
  }
  return pieces;
}

/// The option of that name, as `lemu invoke` has it; nullptr when a function has no such setting.
const OptionSpec* find_option(const std::vector<OptionGroup>& groups, const std::string& key) {
  for (const OptionGroup& group : groups)
    for (const OptionSpec& option : group.options)
      if (option.names == "--" + key && !option.value.empty() && key != "name") return &option;
  return nullptr;
}

std::vector<std::string> keys_of(const std::vector<OptionGroup>& groups) {
  std::vector<std::string> keys{"env.NAME"};
  for (const OptionGroup& group : groups)
    for (const OptionSpec& option : group.options)
      if (option.names.starts_with("--") && !option.value.empty() && option.names != "--name")
        keys.push_back(option.names.substr(2));
  return keys;
}

Status apply(const std::vector<OptionGroup>& groups, const std::string& folder, const std::string& key,
             const std::string& value) {
  if (key.starts_with(kEnv)) {
    const OptionSpec* env = find_option(groups, "env");
    return env->take(key.substr(kEnv.size()) + "=" + value);
  }
  const OptionSpec* option = find_option(groups, key);
  if (option == nullptr) return none_of(key, keys_of(groups));
  return option->take(value_from_folder(folder, *option, value));
}

}  // namespace

std::string from_folder(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + path;
}

std::string value_from_folder(const std::string& folder, const OptionSpec& option, const std::string& value) {
  const bool is_path = option.value == "DIR" || option.value == "FILE";
  return is_path ? from_folder(folder, value) : value;
}

Result<WrittenFunction> parse_written_function(const std::string& text) {
  WrittenFunction written;
  std::vector<std::string> pieces = split_list(text);
  for (const std::string& piece : pieces) {
    const std::size_t equals = piece.find('=');
    if (equals == std::string::npos || equals == 0) return fail<"function-not-assigned">(piece);
    std::string key = piece.substr(0, equals);
    std::string value = piece.substr(equals + 1);
    if (written.name.empty()) {
      written.name = std::move(key);
      written.target = std::move(value);
    } else {
      written.settings.emplace_back(std::move(key), std::move(value));
    }
  }
  written.origin = "--function " + written.name;
  if (written.target.empty()) return fail<"function-without-target">(text);
  return written;
}

Result<ServedFunctionOptions> apply_settings(const WrittenFunction& written,
                                             const ServedFunctionOptions& defaults) {
  ServedFunctionOptions function = defaults;
  function.target = from_folder(written.folder, written.target);
  function.function.settings.name = written.name;
  std::vector<OptionGroup> groups = function_option_groups(function.function);
  groups.push_back(pool_option_group(function));
  for (const auto& [key, value] : written.settings) {
    Status applied = apply(groups, written.folder, key, value);
    if (!applied) return lemu::fail(std::move(applied.error()).within(written.origin + ": " + key));
  }
  return function;
}

}  // namespace lemu::emulator::cli
