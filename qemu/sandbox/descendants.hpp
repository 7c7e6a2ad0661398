// SPDX-License-Identifier: Apache-2.0
// Ending every process below one: for process trees without a PID namespace, where nothing else does it.
#pragma once

#include <sys/types.h>

#include <vector>

namespace lemu::sandbox {

/// What runs below the calling process now. A program started by `exec` may have its caller's children, which
/// are none of its business: asked before the first of its own, this tells them apart.
std::vector<pid_t> present_descendants();

/// SIGKILL to everything below the calling process but for `spared` and what runs below those, and reaping,
/// until nothing is left that can be killed: the caller must be a child subreaper, so that orphans come to
/// it. `reaped` is called with each pid and wait status. Does nothing where /proc is missing or tells of
/// another PID namespace.
void kill_and_reap_descendants(void (*reaped)(pid_t pid, int wait_status, void* context), void* context,
                               const std::vector<pid_t>& spared = {});

}  // namespace lemu::sandbox
