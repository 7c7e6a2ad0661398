// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/descendants.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/syscall.hpp"

using namespace lemu;

namespace {

pid_t child_that_waits() {
  const pid_t pid = ::fork();
  if (pid == 0)
    while (true) ::pause();
  return pid;
}

/// A child that ends and leaves a daemon; the daemon's pid.
pid_t orphan_that_waits() {
  Result<Pipe> pipe = make_pipe();
  REQUIRE(pipe);
  const pid_t parent = ::fork();
  if (parent == 0) {
    if (::fork() == 0) {
      ::setsid();
      const pid_t self = ::getpid();
      static_cast<void>(!::write(pipe->write_end.get(), &self, sizeof self));
      while (true) ::pause();
    }
    ::_exit(0);
  }
  pid_t orphan = -1;
  REQUIRE(::read(pipe->read_end.get(), &orphan, sizeof orphan) == static_cast<ssize_t>(sizeof orphan));
  return orphan;
}

void collect(pid_t pid, int, void* context) { static_cast<std::vector<pid_t>*>(context)->push_back(pid); }

}  // namespace

TEST_CASE("what was there before is spared, everything later is killed and reaped") {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t before = child_that_waits();
  const std::vector<pid_t> not_ours = sandbox::present_descendants();
  CHECK(std::find(not_ours.begin(), not_ours.end(), before) != not_ours.end());
  const pid_t child = child_that_waits();
  const pid_t orphan = orphan_that_waits();

  std::vector<pid_t> reaped;
  sandbox::kill_and_reap_descendants(collect, &reaped, not_ours);
  CHECK(std::count(reaped.begin(), reaped.end(), child) == 1);
  CHECK(std::count(reaped.begin(), reaped.end(), orphan) == 1);
  CHECK(std::count(reaped.begin(), reaped.end(), before) == 0);
  CHECK(::waitpid(before, nullptr, WNOHANG) == 0);  // lives

  sandbox::kill_and_reap_descendants(collect, &reaped);
  CHECK(std::count(reaped.begin(), reaped.end(), before) == 1);
  CHECK(::waitpid(-1, nullptr, WNOHANG) < 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}
