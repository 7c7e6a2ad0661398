// SPDX-License-Identifier: Apache-2.0
// Who the function is: Lambda's uid 993 and gid 990, in a second user namespace, without a capability and
// without a way to gain one. Called in the function's own process, just before its exec.
#pragma once

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Whether the function's user namespace can be given limits: told before, as it is a loss and no failure.
/// Called by PID 1 in its root.
StepResult look_at_namespace_limits();
/// Enters the second user namespace as the function's user. Forbids further namespaces below it, and limits
/// the file watches in it.
StepResult become_function_user(const SandboxSpec& spec);
/// The caller's session keyring may hold the user's secrets, and whoever possesses it may read them
/// (keyrings(7)): a new, empty one takes its place, where the kernel has keyrings.
void leave_session_keyring();
/// Empties every capability set.
StepResult drop_capabilities();
/// prctl(2) PR_SET_NO_NEW_PRIVS: no set-user-id program and no file capability works from here on.
StepResult forbid_new_privileges();

}  // namespace lemu::sandbox
