// SPDX-License-Identifier: Apache-2.0
// A diagnosis as a person reads it: short sections of aligned lines, the conclusion and the commands last.
// Pure.
#pragma once

#include <string>

#include "emulator/cli/terminal/verbosity.hpp"
#include "qemu/doctor/diagnosis.hpp"

namespace lemu::emulator::cli {

/// With Verbosity::verbose each line says where it was found out, and the table of guarantees is added.
[[nodiscard]] std::string doctor_text(const qemu::Diagnosis& diagnosis, Verbosity verbosity);

}  // namespace lemu::emulator::cli
