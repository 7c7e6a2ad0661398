// SPDX-License-Identifier: Apache-2.0
// `lemu invoke --endpoint`: the same command, with a running daemon that runs the function.
#pragma once

#include "emulator/cli/invoke_options.hpp"

namespace lemu::emulator::cli {

/// The exit code. The log is the end of it that Invoke tells: 4 KB.
int run_served_invoke(const InvokeOptions& options);

}  // namespace lemu::emulator::cli
