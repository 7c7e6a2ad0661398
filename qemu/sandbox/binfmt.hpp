// SPDX-License-Identifier: Apache-2.0
// A binfmt_misc of the sandbox's own (Linux 6.7 and later): registered inside its user namespace, never
// outside.
#pragma once

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Mounts binfmt_misc, registers, and covers the mount with an empty read-only one: unmounting would drop the
/// registration, and left visible the function could write to it. Called by PID 1 as uid 0 of its namespace.
StepResult register_binfmt(const Binfmt& binfmt);

}  // namespace lemu::sandbox
