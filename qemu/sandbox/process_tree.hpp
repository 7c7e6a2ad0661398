// SPDX-License-Identifier: Apache-2.0
// The processes below one process, as /proc tells them. Reads files; any thread; a snapshot that may be stale
// at once.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lemu::sandbox {

/// All descendants of `root`, without `root` itself, parents before their children. Read from
/// /proc/PID/task/TID/children, or, where the kernel has no such file (CONFIG_PROC_CHILDREN), from the parent
/// of every process there is, which costs some ten microseconds for each.
std::vector<pid_t> descendants(pid_t root, const std::string& proc = "/proc");

/// The descendants that are the function's own: without the helper's further processes on the way, which are
/// told by bearing the helper's own name (/proc/PID/stat) and being started by one of its kind.
std::vector<pid_t> function_processes(pid_t helper, const std::string& proc = "/proc");

}  // namespace lemu::sandbox
