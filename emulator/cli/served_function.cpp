// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/served_function.hpp"

#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"
#include "emulator/cli/parser/suggest.hpp"
#include "emulator/cli/pool_options.hpp"

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

Status apply(const std::vector<OptionGroup>& groups, const std::string& folder, const std::string& key,
             const std::string& value) {
  const bool is_variable = key.starts_with(kEnv);
  const Result<const OptionSpec*> option = option_of_key(
      groups, is_variable ? "env" : key,
      [](const OptionSpec& one) { return one.names != "--name" && one.names != "--keep"; }, {"env.NAME"});
  LEMU_TRY(option);
  if (is_variable) return (*option)->take(key.substr(kEnv.size()) + "=" + value);
  return (*option)->take(value_from_folder(folder, **option, value));
}

}  // namespace

std::string from_folder(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + path;
}

std::string value_from_folder(const std::string& folder, const OptionSpec& option, const std::string& value) {
  const bool is_path = option.value == "DIR" || option.value == "FILE";
  return is_path ? from_folder(folder, value) : value;
}

Result<const OptionSpec*> option_of_key(const std::vector<OptionGroup>& groups, const std::string& key,
                                        const std::function<bool(const OptionSpec&)>& may_be_set,
                                        std::vector<std::string> other_keys) {
  std::vector<std::string> keys = std::move(other_keys);
  for (const OptionGroup& group : groups)
    for (const OptionSpec& option : group.options) {
      if (!may_be_set(option)) continue;
      if (option.names == "--" + key) return &option;
      if (option.names.starts_with("--")) keys.push_back(option.names.substr(2));
    }
  return none_of(key, keys);
}

Error at_place(Error error, const std::string& place) {
  return place.empty() ? error : std::move(error).within(place);
}

Result<WrittenFunction> parse_written_function(const std::string& text) {
  WrittenFunction written;
  std::vector<std::string> pieces = split_list(text);
  for (const std::string& piece : pieces) {
    const std::size_t equals = piece.find('=');
    if (equals == 0 || (equals == std::string::npos && written.name.empty()))
      return fail<"function-not-assigned">(at<"piece">(piece));
    std::string key = piece.substr(0, equals);
    std::string value = equals == std::string::npos ? "" : piece.substr(equals + 1);
    if (written.name.empty()) {
      written.name = std::move(key);
      written.target = std::move(value);
    } else if (equals == std::string::npos && key.starts_with(kEnv)) {
      written.settings.push_back({"env", key.substr(kEnv.size())});  // of lemu's own environment
    } else {
      written.settings.push_back({std::move(key), std::move(value)});
    }
  }
  written.origin = "--function " + written.name;
  if (written.target.empty()) return fail<"function-without-target">(at<"text">(text));
  return written;
}

Result<ServedFunctionOptions> apply_settings(const WrittenFunction& written,
                                             const ServedFunctionOptions& defaults) {
  ServedFunctionOptions function = defaults;
  function.function.description.target = from_folder(written.folder, written.target);
  function.origin = (written.place.empty() ? "" : written.place + ": ") + "function " + written.name;
  function.function.description.name = written.name;
  std::vector<OptionGroup> groups = function_option_groups(function.function);
  for (OptionGroup& group : serving_option_groups(function.serving)) groups.push_back(std::move(group));
  for (const WrittenSetting& setting : written.settings) {
    Status applied = apply(groups, written.folder, setting.key, setting.value);
    if (!applied)
      return lemu::fail(
          at_place(std::move(applied.error()).within(written.origin + ": " + setting.key), setting.place));
  }
  return function;
}

}  // namespace lemu::emulator::cli
