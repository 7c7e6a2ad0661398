// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/config_file.hpp"

#include <yaml-cpp/yaml.h>

#include <set>

#include "base/input_file.hpp"
#include "emulator/cli/errors.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

using Settings = std::vector<WrittenSetting>;

tl::unexpected<Error> wrong_at(const YAML::Mark& mark, const std::string& what) {
  return lemu::fail(
      error<"config-malformed">(at<"line">(mark.line + 1), at<"column">(mark.column + 1), at<"what">(what)));
}

/// Reads one file; what it says of an error is within() the file's path.
class Reader {
 public:
  Reader(std::string path, ConfigFile& into) : path_(std::move(path)), into_(into) {}

  Status add_all(const YAML::Node& root) {
    if (root.IsNull()) return {};
    if (!root.IsMap()) return wrong_at(root.Mark(), "the file is no map of settings");
    return each_of(root, [this](const YAML::Node& key, const YAML::Node& value) {
      return key.Scalar() == "functions" ? add_functions(value) : add_setting(key, value, into_.settings);
    });
  }

 private:
  [[nodiscard]] std::string place_of(const YAML::Mark& mark) const {
    return path_ + ": line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
  }

  /// Calls `take` with each key of a map, which is a text and stands there once, and its value.
  template <class Take>
  static Status each_of(const YAML::Node& map, Take take) {
    std::set<std::string> seen;
    for (const auto& item : map) {
      if (!item.first.IsScalar()) return wrong_at(item.first.Mark(), "a key is a text");
      if (!seen.insert(item.first.Scalar()).second)
        return wrong_at(item.first.Mark(), item.first.Scalar() + " stands there twice");
      LEMU_TRY(take(item.first, item.second));
    }
    return {};
  }

  Status add_scalar(const std::string& key, const std::string& shown, const YAML::Node& value,
                    Settings& into) const {
    if (!value.IsScalar()) return wrong_at(value.Mark(), shown + " takes a text, a number, or true");
    into.push_back({key, value.Scalar(), place_of(value.Mark())});
    return {};
  }

  /// A text, a list of them, or a map: NAME=VALUE each, or NAME alone.
  Status add_setting(const YAML::Node& key, const YAML::Node& value, Settings& into) const {
    const std::string& name = key.Scalar();
    if (value.IsSequence()) {
      for (const YAML::Node& item : value) LEMU_TRY(add_scalar(name, name, item, into));
      return {};
    }
    if (value.IsNull()) return wrong_at(key.Mark(), name + " has no value");
    if (!value.IsMap()) return add_scalar(name, name, value, into);
    return each_of(value, [&](const YAML::Node& inner, const YAML::Node& text) -> Status {
      if (text.IsNull()) {  // of lemu's own environment
        into.push_back({name, inner.Scalar(), place_of(inner.Mark())});
        return {};
      }
      LEMU_TRY(add_scalar(name, name + "." + inner.Scalar(), text, into));
      into.back().value.insert(0, inner.Scalar() + "=");
      return {};
    });
  }

  Status add_functions(const YAML::Node& functions) {
    if (!functions.IsMap()) return wrong_at(functions.Mark(), "functions is no map of names");
    return each_of(functions, [this](const YAML::Node& name, const YAML::Node& value) {
      return add_function(name, value);
    });
  }

  Status add_function(const YAML::Node& key, const YAML::Node& value) {
    WrittenFunction function;
    function.name = key.Scalar();
    function.origin = "function " + function.name;
    function.place = place_of(key.Mark());
    function.folder = into_.folder;
    if (value.IsScalar()) {
      function.target = value.Scalar();
    } else if (!value.IsMap()) {
      return wrong_at(value.Mark(), function.name + " takes a path, or a map with one");
    } else {
      Status taken = each_of(value, [this, &function](const YAML::Node& name, const YAML::Node& setting) {
        return add_setting(name, setting, function.settings);
      });
      LEMU_TRY(taken);
      take_path(function);
    }
    if (function.target.empty()) return wrong_at(value.Mark(), function.name + " has no path");
    into_.functions.push_back(std::move(function));
    return {};
  }

  static void take_path(WrittenFunction& function) {
    for (WrittenSetting& setting : function.settings) {
      if (setting.key != "path") continue;
      function.target = std::move(setting.value);
      function.place = setting.place;
    }
    std::erase_if(function.settings, [](const WrittenSetting& setting) { return setting.key == "path"; });
  }

  const std::string path_;
  ConfigFile& into_;
};

}  // namespace

Result<ConfigFile> ConfigFile::read(const std::string& path) {
  const Result<std::string> text = read_input(path, kMostBytes);
  if (!text) return fail<"config-not-readable">(at<"reason">(text.error().message));
  ConfigFile config;
  config.folder = path.substr(0, path.rfind('/') + 1);
  try {
    if (Status added = Reader(path, config).add_all(YAML::Load(*text)); !added)
      return lemu::fail(std::move(added.error()).within(path));
  } catch (const YAML::Exception& wrong) {
    return lemu::fail(std::move(wrong_at(wrong.mark, wrong.msg).value()).within(path));
  }
  return config;
}

}  // namespace lemu::emulator::cli
