// SPDX-License-Identifier: Apache-2.0
// `lemu serve`.
#pragma once

#include "emulator/cli/serve_options.hpp"

namespace lemu::emulator::cli {

/// Serves until it is told to stop; the exit code.
int run_serve(const ServeOptions& options);

}  // namespace lemu::emulator::cli
