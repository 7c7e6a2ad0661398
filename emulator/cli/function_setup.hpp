// SPDX-License-Identifier: Apache-2.0
// From the options about a function to what launches it: what `lemu invoke`, `lemu shell` and `lemu serve`
// share.
#pragma once

#include "emulator/cli/function_options.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"
#include "emulator/environment/session.hpp"

namespace lemu::emulator::cli {

/// Reads env files, credentials and the process's own environment. Notes go to `output`.
[[nodiscard]] Result<FunctionSetup> function_setup(const FunctionOptions& options, Identifiers& ids,
                                                   TerminalOutput& output);
/// The same for one environment of this process.
[[nodiscard]] Result<SessionSettings> session_settings(const FunctionOptions& options, Identifiers& ids,
                                                       TerminalOutput& output);

}  // namespace lemu::emulator::cli
