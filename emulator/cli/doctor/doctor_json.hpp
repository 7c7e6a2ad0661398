// SPDX-License-Identifier: Apache-2.0
// A diagnosis as one JSON object with the keys that docs/doctor.md lists, on one line with its newline. Pure.
#pragma once

#include <string>

#include "qemu/doctor/diagnosis.hpp"

namespace lemu::emulator::cli {

[[nodiscard]] std::string doctor_json(const qemu::Diagnosis& diagnosis);

}  // namespace lemu::emulator::cli
