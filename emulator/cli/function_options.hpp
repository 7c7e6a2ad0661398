// SPDX-License-Identifier: Apache-2.0
// FunctionOptions: what the command line says about a function and how to run it; shared by the commands that
// run one (invoke, shell). Plain values.
#pragma once

#include <vector>

#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/cli/terminal/verbosity.hpp"
#include "emulator/environment/launch_options.hpp"
#include "emulator/function/description.hpp"

namespace lemu::emulator::cli {

struct FunctionOptions {
  FunctionDescription description = {};
  LaunchOptions launch = {};
  Verbosity verbosity = Verbosity::normal;
};

/// The groups of options that fill `into`, which must outlive the parsing.
[[nodiscard]] std::vector<OptionGroup> function_option_groups(FunctionOptions& into);

}  // namespace lemu::emulator::cli
