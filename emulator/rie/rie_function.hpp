// SPDX-License-Identifier: Apache-2.0
// RieFunction: which program `lemu rie` runs, with what around it: the defaults and the precedence of
// aws-lambda-rie (its internal/lambda/rie and rapidcore/env). Looks at files; launches nothing.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "emulator/function/user_environment.hpp"
#include "emulator/rie/rie_settings.hpp"

namespace lemu::emulator {

struct RieFunction {
  std::vector<std::string> command;  ///< the program's path first
  std::string working_folder;
  std::string handler;  ///< of the command line; empty when there is none
  std::string name;
  std::string version;
  std::string memory_size;  ///< MB, as given: it is printed only
  std::chrono::seconds timeout{300};
};

/// bad_usage for a timeout that is no number.
[[nodiscard]] Result<RieFunction> rie_function(const RieSettings& options,
                                               const EnvironmentLookup& environment);

/// KEY=VALUE each: the container's own variables, with what Lambda has besides.
[[nodiscard]] std::vector<std::string> rie_variables(const RieFunction& function,
                                                     std::span<const std::string> own,
                                                     const std::string& runtime_api);

}  // namespace lemu::emulator
