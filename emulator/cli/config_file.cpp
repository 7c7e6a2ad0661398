// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/config_file.hpp"

#include <yaml-cpp/yaml.h>

#include "base/syscall.hpp"
#include "emulator/cli/errors.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

using Settings = std::vector<std::pair<std::string, std::string>>;

tl::unexpected<Error> wrong_at(const YAML::Mark& mark, const std::string& what) {
  return lemu::fail(fail<"config-malformed">(mark.line + 1, mark.column + 1, what).value());
}

Status add_scalar(const std::string& key, const YAML::Node& value, Settings& into) {
  if (!value.IsScalar()) return wrong_at(value.Mark(), key + " takes a text, a number, or true");
  into.emplace_back(key, value.Scalar());
  return {};
}

/// A text, a list of them, or a map: NAME=VALUE each.
Status add_setting(const std::string& key, const YAML::Node& value, Settings& into) {
  if (value.IsSequence()) {
    for (const YAML::Node& item : value)
      if (Status added = add_scalar(key, item, into); !added) return added;
    return {};
  }
  if (!value.IsMap()) return add_scalar(key, value, into);
  for (const auto& item : value) {
    if (Status added = add_scalar(key, item.second, into); !added) return added;
    into.back().second.insert(0, item.first.Scalar() + "=");
  }
  return {};
}

Status add_function(const std::string& name, const YAML::Node& value, ConfigFile& into) {
  WrittenFunction function;
  function.name = name;
  function.origin = "function " + name;
  Settings settings;
  if (value.IsScalar()) {
    function.target = value.Scalar();
  } else if (!value.IsMap()) {
    return wrong_at(value.Mark(), name + " takes a path, or a map with one");
  } else {
    for (const auto& item : value)
      if (Status added = add_setting(item.first.Scalar(), item.second, settings); !added) return added;
  }
  for (auto& [key, text] : settings) {
    if (key == "path")
      function.target = std::move(text);
    else
      function.settings.emplace_back(std::move(key), std::move(text));
  }
  if (function.target.empty()) return wrong_at(value.Mark(), name + " has no path");
  function.folder = into.folder;
  into.functions.push_back(std::move(function));
  return {};
}

Status add_all(const YAML::Node& root, ConfigFile& into) {
  if (root.IsNull()) return {};
  if (!root.IsMap()) return wrong_at(root.Mark(), "the file is no map of settings");
  for (const auto& item : root) {
    const std::string key = item.first.Scalar();
    if (key != "functions") {
      if (Status added = add_setting(key, item.second, into.settings); !added) return added;
      continue;
    }
    if (!item.second.IsMap()) return wrong_at(item.second.Mark(), "functions is no map of names");
    for (const auto& function : item.second)
      if (Status added = add_function(function.first.Scalar(), function.second, into); !added) return added;
  }
  return {};
}

}  // namespace

Result<ConfigFile> ConfigFile::read(const std::string& path) {
  const Result<std::string> text = read_file(path, kMostBytes);
  if (!text) return fail<"config-not-readable">(text.error().message);
  ConfigFile config;
  config.folder = path.substr(0, path.rfind('/') + 1);
  try {
    if (Status added = add_all(YAML::Load(*text), config); !added)
      return lemu::fail(std::move(added.error()).within(path));
  } catch (const YAML::Exception& wrong) {
    return lemu::fail(std::move(wrong_at(wrong.mark, wrong.msg).value()).within(path));
  }
  return config;
}

}  // namespace lemu::emulator::cli
