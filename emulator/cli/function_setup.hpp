// SPDX-License-Identifier: Apache-2.0
// From the options about a function to the settings of a Session: what `lemu invoke` and `lemu shell` share.
#pragma once

#include <string>

#include "emulator/cli/function_options.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"
#include "emulator/environment/session.hpp"

namespace lemu::emulator::cli {

/// Reads env files, credentials and the process's own environment; notes go to `output`.
[[nodiscard]] Result<SessionSettings> session_settings(const FunctionOptions& options,
                                                       const std::string& target, Identifiers& ids,
                                                       TerminalOutput& output);

}  // namespace lemu::emulator::cli
