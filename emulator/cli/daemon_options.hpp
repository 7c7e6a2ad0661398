// SPDX-License-Identifier: Apache-2.0
// The options of `lemu serve` that are the daemon's own, not a function's.
#pragma once

#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/cli/serve_options.hpp"

namespace lemu::emulator::cli {

/// Each into variables of `into`, which outlives the parsing.
[[nodiscard]] OptionGroup daemon_group(ServeOptions& into);
[[nodiscard]] OptionGroup limits_group(ServeOptions& into);

}  // namespace lemu::emulator::cli
