// SPDX-License-Identifier: Apache-2.0
// The options about how many environments a served function has and how long they live: of `lemu serve` for
// all functions, of --function for one. Plain values.
#pragma once

#include "emulator/cli/command_line_parser.hpp"
#include "emulator/cli/serve_options.hpp"

namespace lemu::emulator::cli {

/// Fills `into`, which must outlive the parsing.
[[nodiscard]] OptionGroup pool_option_group(ServedFunctionOptions& into);

}  // namespace lemu::emulator::cli
