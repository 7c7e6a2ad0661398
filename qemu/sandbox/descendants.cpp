// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/descendants.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "qemu/sandbox/process_tree.hpp"

namespace lemu::sandbox {
namespace {

bool has_no_child() {
  siginfo_t ignored{};
  return ::waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

/// After unshare(CLONE_NEWPID) without a new /proc its numbers are those of other processes.
bool proc_speaks_of_us() {
  char text[16];
  const ssize_t size = ::readlink("/proc/self", text, sizeof text);
  return size > 0 && std::string_view(text, static_cast<std::size_t>(size)) == std::to_string(::getpid());
}

/// What runs below `root`, but for `spared` and what runs below those.
std::vector<pid_t> victims_below(pid_t root, const std::vector<pid_t>& spared) {
  std::vector<pid_t> victims = descendants(root);
  std::vector<pid_t> safe = spared;
  for (const pid_t pid : spared) {
    const std::vector<pid_t> theirs = descendants(pid);
    safe.insert(safe.end(), theirs.begin(), theirs.end());
  }
  std::erase_if(victims,
                [&safe](pid_t pid) { return std::find(safe.begin(), safe.end(), pid) != safe.end(); });
  return victims;
}

}  // namespace

std::vector<pid_t> present_descendants() {
  return has_no_child() || !proc_speaks_of_us() ? std::vector<pid_t>() : descendants(::getpid());
}

void kill_and_reap_descendants(void (*reaped)(pid_t, int, void*), void* context,
                               const std::vector<pid_t>& spared) {
  if (!proc_speaks_of_us()) return;
  // A process that forks faster than it is killed is caught by the rounds that follow: each round's victims
  // cannot fork any more, and their orphans come to the caller. Only who was killed is waited for: waiting
  // for just anybody would be waiting for the child that came after the round's look.
  bool progress = true;
  while (progress && !has_no_child()) {
    progress = false;
    std::vector<pid_t> victims = victims_below(::getpid(), spared);
    std::erase_if(victims, [](pid_t pid) { return ::kill(pid, SIGKILL) < 0; });
    for (const pid_t pid : victims) {
      int status = 0;
      pid_t ended = 0;
      do ended = ::waitpid(pid, &status, 0);
      while (ended < 0 && errno == EINTR);
      if (ended != pid) continue;  // another's child yet: it comes to the caller, and into the next round
      progress = true;
      reaped(pid, status, context);
    }
  }
}

}  // namespace lemu::sandbox
