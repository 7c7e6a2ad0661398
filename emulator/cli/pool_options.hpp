// SPDX-License-Identifier: Apache-2.0
// The options about a served function's environments and asynchronous events: of `lemu serve` for all
// functions, of --function for one. Plain values.
#pragma once

#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/cli/serve_options.hpp"

namespace lemu::emulator::cli {

/// Fills `into`, which must outlive the parsing.
[[nodiscard]] std::vector<OptionGroup> serving_option_groups(ServingSettings& into);

}  // namespace lemu::emulator::cli
