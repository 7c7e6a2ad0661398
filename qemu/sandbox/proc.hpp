// SPDX-License-Identifier: Apache-2.0
// /proc as the helper has it and as the function has it: the helper keeps one that takes what it must write
// (id maps, limits of its namespaces); the function's is read-only. Blocking; the helper's one thread.
#pragma once

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Keeps a /proc as kProcFd, in place of another. Where there is none, the steps that need it fail later.
void keep_proc(const char* folder);

/// Puts a read-only view of /proc over it, for everybody but who has kProcFd. With a writable one a function
/// could take back its oom_score_adj; and where the outer /proc stands in, reach other processes of its user.
[[nodiscard]] StepResult seal_proc();

/// Writes `content` to an existing file below the kept /proc ("self/uid_map") in one write; false with errno
/// set.
bool write_proc(const char* path, const char* content);
/// Whether this process may write it; errno says why not.
bool may_write_proc(const char* path);

}  // namespace lemu::sandbox
