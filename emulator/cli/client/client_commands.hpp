// SPDX-License-Identifier: Apache-2.0
// The commands that ask a running daemon. Each returns its exit code; blocking.
#pragma once

#include "emulator/cli/client/client_options.hpp"

namespace lemu::emulator::cli {

int run_ps(const PsOptions& options);
int run_logs(const LogsOptions& options);
int run_stop(const StopOptions& options);
int run_async(const AsyncOptions& options);

}  // namespace lemu::emulator::cli
