// SPDX-License-Identifier: Apache-2.0
// Making the sandbox's namespaces: a child of the helper becomes PID 1 of a PID namespace inside a user
// namespace in which it is uid 0, and which maps no privileged host id that the function could ever use.
#pragma once

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Which side of the clone the caller is on afterwards.
enum class Side { outside, inside };

/// Clones into new user, mount, pid, ipc and uts namespaces and writes the id maps from outside.
/// On success the function returns twice: `inside` in PID 1 (maps in place), `outside` in the caller.
/// An unprivileged helper maps its own ids to 0; a helper that is host root maps root to root for the set-up
/// and the function's ids to unprivileged host ids (root in a namespace that maps host root can write
/// /proc/sys/kernel/core_pattern, so the function must never be it).
StepResult enter_namespaces(const SandboxSpec& spec, Side* side, int* child);

}  // namespace lemu::sandbox
