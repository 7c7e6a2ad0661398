// SPDX-License-Identifier: Apache-2.0
// `lemu shell`: a shell, or another command, where the function would run: same root, user, limits and
// variables.
#pragma once

#include "emulator/cli/invoke_options.hpp"

namespace lemu::emulator::cli {

/// The exit code of the command, as a shell would give it; lemu's own when it could not be run.
[[nodiscard]] int run_shell(const ShellOptions& options);

}  // namespace lemu::emulator::cli
