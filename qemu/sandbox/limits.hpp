// SPDX-License-Identifier: Apache-2.0
// Resource limits of the function's process, setrlimit(2).
#pragma once

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Sets each limit; a hard limit above the one in force is lowered to it. Report detail: the resource's
/// number.
StepResult apply_limits(const std::vector<ResourceLimit>& limits);

}  // namespace lemu::sandbox
