// SPDX-License-Identifier: Apache-2.0
// System V's shared memory, semaphores and message queues: kernel memory that stays when nobody has it
// mapped, and that no process's figures hold. The sandbox has an IPC namespace of its own, whose limits are
// set here.
#pragma once

#include <cstdint>

namespace lemu::sandbox {

/// Limits shared memory to that many bytes, and the others to what they were until Linux 3.19: some
/// megabytes. In PID 1 of the sandbox, before the function starts. Where the kernel does not let a user
/// namespace's root do so, as older ones do not, nothing changes.
void limit_shared_objects(std::uint64_t shared_memory);

}  // namespace lemu::sandbox
