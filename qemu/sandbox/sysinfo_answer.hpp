// SPDX-License-Identifier: Apache-2.0
// What the helper answers to a function's sysinfo(2): a machine with the function's memory and no swap. The
// rest (uptime, load, processes) is this machine's. By a notification of the function's filter
// (seccomp_unotify(2)). The helper's one thread; does not wait.
#pragma once

#include <cstdint>

namespace lemu::sandbox {

/// Takes one call that waits at `listener`, if it still does, and answers it.
void answer_sysinfo(int listener, std::uint64_t memory_bytes);

/// Sends a listener from the function's process to the helper, which takes it; -1 when none came.
void send_listener(int socket, int listener);
int receive_listener(int socket);

}  // namespace lemu::sandbox
