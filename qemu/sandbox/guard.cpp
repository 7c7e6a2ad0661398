// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/guard.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "qemu/sandbox/cgroup.hpp"
#include "qemu/sandbox/descendants.hpp"
#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {
namespace {

/// How long the helper may take to end a function's processes once lemu has ended. Less than lemu waits for
/// both (launcher.cpp).
constexpr std::chrono::milliseconds kGrace{5'000};

void count_nothing(pid_t, int, void*) {}

class Guard {
 public:
  Guard(pid_t helper, const std::string& cgroup) : helper_(helper), cgroup_(cgroup) {}

  [[noreturn]] void watch(int signals) {
    // No events are asked for: the end of the socket is told all the same (poll(2)).
    pollfd waits[2] = {{signals, POLLIN, 0}, {kControlFd, 0, 0}};
    while (true) {
      const int ready = ::poll(waits, 2, lemu_ended_ ? static_cast<int>(kGrace.count()) : -1);
      if (ready == 0) ::kill(helper_, SIGKILL);  // it is stopped again and again
      if (waits[1].revents != 0) {
        lemu_ended_ = true;
        waits[1].fd = -1;
        ::kill(helper_, SIGCONT);
      }
      if (ready > 0 && waits[0].revents != 0) take_signals(signals);
    }
  }

 private:
  void take_signals(int signals) {
    signalfd_siginfo info;
    while (::read(signals, &info, sizeof info) > 0) {
      // lemu continues its child, which is this process; it is the helper that was stopped.
      if (info.ssi_signo == SIGCONT) ::kill(helper_, SIGCONT);
    }
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0)
      if (ended == helper_) end();
  }

  /// What was the helper's is the guard's now.
  [[noreturn]] void end() {
    kill_and_reap_descendants(count_nothing, nullptr);
    remove_cgroup(cgroup_);
    ::_exit(0);
  }

  const pid_t helper_;
  const std::string& cgroup_;
  bool lemu_ended_ = false;
};

int take_signals_by_descriptor() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  ::sigaddset(&signals, SIGCONT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

StepResult fork_behind_guard(const std::string& cgroup) {
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t before;
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  const int signals = take_signals_by_descriptor();
  if (signals < 0) return failed_at(Stage::fork);
  const pid_t helper = ::fork();
  if (helper < 0) return failed_at(Stage::fork);
  if (helper > 0) {
    ::close(kLogFd);
    Guard(helper, cgroup).watch(signals);
  }
  ::close(signals);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  // Continued when the guard is killed, should it be stopped, it finds lemu's end or goes on.
  ::prctl(PR_SET_PDEATHSIG, SIGCONT);
  return done();
}

}  // namespace lemu::sandbox
