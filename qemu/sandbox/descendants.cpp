// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/descendants.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "qemu/sandbox/process_tree.hpp"

namespace lemu::sandbox {
void kill_and_reap_descendants(void (*reaped)(pid_t, int, void*), void* context) {
  // A process that forks faster than it is killed is caught by the rounds that follow: each round's victims
  // cannot fork any more, and their orphans come to the caller.
  while (true) {
    for (pid_t pid : descendants(::getpid())) ::kill(pid, SIGKILL);
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 && errno == ECHILD) return;
    while (pid > 0) {
      reaped(pid, status, context);
      pid = ::waitpid(-1, &status, WNOHANG);
    }
    if (pid < 0 && errno == ECHILD) return;
  }
}

}  // namespace lemu::sandbox
