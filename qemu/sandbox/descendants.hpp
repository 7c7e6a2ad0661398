// SPDX-License-Identifier: Apache-2.0
// Ending every process below one: for process trees without a PID namespace, where nothing else does it.
#pragma once

#include <sys/types.h>

#include <vector>

namespace lemu::sandbox {

/// Every living process below `root` (not itself), parents before children. From /proc/PID/task/TID/children, or
/// from the parent ids of all processes on kernels built without that file. Empty when /proc cannot be read.
std::vector<pid_t> descendants_of(pid_t root);

/// SIGKILL to everything below the calling process, and reaping, until nothing is left: the caller must be a child
/// subreaper, so that orphans come to it. `reaped` is called with each pid and wait status.
void kill_and_reap_descendants(void (*reaped)(pid_t pid, int wait_status, void* context), void* context);

}  // namespace lemu::sandbox
