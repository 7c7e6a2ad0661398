// SPDX-License-Identifier: Apache-2.0
// `lemu rie`.
#pragma once

#include "emulator/cli/rie_options.hpp"

namespace lemu::emulator::cli {

/// Serves one function until it is told to stop; the exit code.
int run_rie(const RieSettings& options);

}  // namespace lemu::emulator::cli
