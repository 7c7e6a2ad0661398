// SPDX-License-Identifier: Apache-2.0
// Ending every process below one: for process trees without a PID namespace, where nothing else does it.
#pragma once

#include <sys/types.h>

namespace lemu::sandbox {

/// SIGKILL to everything below the calling process, and reaping, until nothing is left: the caller must be a child
/// subreaper, so that orphans come to it. `reaped` is called with each pid and wait status.
void kill_and_reap_descendants(void (*reaped)(pid_t pid, int wait_status, void* context), void* context);

}  // namespace lemu::sandbox
