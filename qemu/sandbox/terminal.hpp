// SPDX-License-Identifier: Apache-2.0
// The user's terminal where it is the program's too (`lemu shell`): what the program may not do with it.
#pragma once

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Refuses TIOCSTI and TIOCLINUX, ioctl_tty(2): with them a program types into the terminal, and the user's
/// own shell would run it. By a seccomp filter, so it needs no-new-privileges; skipped where the kernel has
/// no such filters.
StepResult forbid_typing();

}  // namespace lemu::sandbox
