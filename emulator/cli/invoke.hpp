// SPDX-License-Identifier: Apache-2.0
// `lemu invoke`: one function, one event (or several), one exit code.
#pragma once

#include "emulator/cli/invoke_options.hpp"

namespace lemu::emulator::cli {

/// Runs it; the exit code of the process.
[[nodiscard]] int run_invoke(const InvokeOptions& options);

}  // namespace lemu::emulator::cli
