// SPDX-License-Identifier: Apache-2.0
// How a function to be served is written: NAME=PATH[,key=value…] on the command line, with the names of
// options as keys; "cold" alone is cold=true. Pure.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/cli/serve_options.hpp"

namespace lemu::emulator::cli {

/// One setting as it was written.
struct WrittenSetting {
  std::string key;
  std::string value;
  std::string place = {};  ///< in a file, for messages: "lemu.yaml: line 3, column 5"
};

/// The error, with where the setting stands.
[[nodiscard]] Error at_place(Error error, const std::string& place);

/// One function as it was written, wherever.
struct WrittenFunction {
  std::string origin;  ///< for messages: "--function hello"
  std::string name;
  std::string target;
  std::vector<WrittenSetting> settings;
  std::string place = {};
  std::string folder = {};  ///< where its relative paths start; ends in '/', or is empty
};

/// "NAME=PATH,key=value,…"; a comma within a value is written "\,".
[[nodiscard]] Result<WrittenFunction> parse_written_function(const std::string& text);
/// A path as written there, as it is from here.
[[nodiscard]] std::string from_folder(const std::string& folder, const std::string& path);
/// The option's value likewise, where it is a path.
[[nodiscard]] std::string value_from_folder(const std::string& folder, const OptionSpec& option,
                                            const std::string& value);
/// The option that `key` names, of those that may be set so; else an error that tells which there are, and
/// `other_keys`.
[[nodiscard]] Result<const OptionSpec*> option_of_key(
    const std::vector<OptionGroup>& groups, const std::string& key,
    const std::function<bool(const OptionSpec&)>& may_be_set, std::vector<std::string> other_keys);
/// The function with its settings over the defaults.
[[nodiscard]] Result<ServedFunctionOptions> apply_settings(const WrittenFunction& written,
                                                           const ServedFunctionOptions& defaults);

}  // namespace lemu::emulator::cli
