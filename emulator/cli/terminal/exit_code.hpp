// SPDX-License-Identifier: Apache-2.0
// The exit codes of lemu, in one place: what each error means to a script, and the text of `--help`. Pure.
#pragma once

#include <string>

#include "base/result.hpp"

namespace lemu::emulator::cli {

enum class ExitCode : int {
  success = 0,
  function_failed = 1,  ///< handled error, crash, timeout, init error: the payload is on stdout
  bad_usage = 2,
  host_lacks = 3,
  internal = 4,
};

[[nodiscard]] ExitCode exit_code_of(ErrorKind kind);
/// 128 + n, as shells do it; `signal` is the one that ended lemu.
[[nodiscard]] int exit_code_of_signal(int signal);
/// The section of `--help`, lines of at most 80 columns, each ending in '\n'.
[[nodiscard]] std::string exit_codes_help();

}  // namespace lemu::emulator::cli
