// SPDX-License-Identifier: Apache-2.0
// Command: what a whole command line asks lemu to do. Pure.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "emulator/cli/client/client_options.hpp"
#include "emulator/cli/doctor/doctor.hpp"
#include "emulator/cli/invoke_options.hpp"
#include "emulator/cli/rie_options.hpp"
#include "emulator/cli/serve_options.hpp"
#include "emulator/cli/terminal/exit_code.hpp"

namespace lemu::emulator::cli {

/// Print and end: help, version. On stdout for ExitCode::success, else on stderr.
struct ShowText {
  std::string text;
  ExitCode code = ExitCode::success;
};

using Command = std::variant<ShowText, InvokeOptions, ShellOptions, ServeOptions, PsOptions, LogsOptions,
                             StopOptions, AsyncOptions, RieSettings, DoctorOptions>;

/// `arguments` without the program's own name. bad_usage for an unknown command or option.
[[nodiscard]] Result<Command> parse_command_line(std::span<const std::string> arguments);

}  // namespace lemu::emulator::cli
