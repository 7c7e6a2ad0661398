// SPDX-License-Identifier: Apache-2.0
// The command line of `lemu rie`, which is that of aws-lambda-rie (its internal/lambda/rie/run.go).
#pragma once

#include <span>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/function/user_environment.hpp"
#include "emulator/rie/rie_settings.hpp"

namespace lemu::emulator::cli {

/// The arguments after "rie", or all of aws-lambda-rie's. An unknown option is a word of the command, as
/// aws-lambda-rie has it: `python3 -m awslambdaric app.handler`.
[[nodiscard]] Result<std::variant<RieSettings, HelpText>> parse_rie(std::span<const std::string> arguments,
                                                                    const EnvironmentLookup& environment);

}  // namespace lemu::emulator::cli
