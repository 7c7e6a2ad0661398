// SPDX-License-Identifier: Apache-2.0
// ConfigFile: what `lemu serve --config FILE` reads: YAML with the names of the options as keys, and the
// functions by name. Blocking.
//
//   port: 9001
//   host-name: [lambda.test]
//   functions:
//     hello: ./bootstrap
//     other:
//       path: ./other.zip
//       timeout: 30
//       env: {STAGE: test}
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "emulator/cli/served_function.hpp"

namespace lemu::emulator::cli {

struct ConfigFile {
  std::string folder;  ///< where relative paths start; ends in '/', or empty
  /// Keys with their values, a list's and a map's ("NAME=VALUE") each by itself, in the file's order.
  std::vector<WrittenSetting> settings;
  std::vector<WrittenFunction> functions;

  static Result<ConfigFile> read(const std::string& path);
};

}  // namespace lemu::emulator::cli
