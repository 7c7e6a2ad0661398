// SPDX-License-Identifier: Apache-2.0
// `lemu doctor`: what this host can do for functions of each architecture, tried and not guessed.
#pragma once

#include "emulator/cli/terminal/verbosity.hpp"

namespace lemu::emulator::cli {

struct DoctorOptions {
  bool json = false;
  Verbosity verbosity = Verbosity::normal;
};

/// The exit code: 0 when functions of the foreign architecture run here, 3 when not.
[[nodiscard]] int run_doctor(const DoctorOptions& options);

}  // namespace lemu::emulator::cli
