// SPDX-License-Identifier: Apache-2.0
// RieOptions: everything `lemu rie` can be told, as aws-lambda-rie has it (its internal/lambda/rie/run.go).
// Plain values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "emulator/cli/invoke_options.hpp"
#include "emulator/cli/rie_log.hpp"
#include "emulator/function/user_environment.hpp"

namespace lemu::emulator::cli {

struct RieAddress {
  std::string host;  ///< numeric; empty: all of this machine's
  std::uint16_t port = 0;
};

struct RieOptions {
  RieAddress listen{"0.0.0.0", 8080};
  RieAddress runtime_api{"127.0.0.1", 9001};
  RieLevel level = RieLevel::info;
  std::vector<std::string> host_names = {};
  std::vector<std::string> command = {};  ///< the bootstrap, its arguments, the handler
};

/// The arguments after "rie", or all of aws-lambda-rie's. An unknown option is a word of the command, as
/// aws-lambda-rie has it: `python3 -m awslambdaric app.handler`.
[[nodiscard]] Result<std::variant<RieOptions, HelpText>> parse_rie(std::span<const std::string> arguments,
                                                                   const EnvironmentLookup& environment);

}  // namespace lemu::emulator::cli
