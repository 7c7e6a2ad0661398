// SPDX-License-Identifier: Apache-2.0
// OwnDescendants: the processes that come to be below this one, but for those that it found there: a program
// started by `exec` may have its caller's children. A member of each command that runs functions, made before
// the first of them.
#pragma once

#include <sys/types.h>

#include <vector>

namespace lemu::emulator::cli {

class OwnDescendants {
 public:
  /// Makes this process the one that orphans come to (PR_SET_CHILD_SUBREAPER, prctl(2)): a helper that is
  /// killed leaves its own to lemu.
  OwnDescendants();
  /// Ends them all; returns when they are gone.
  void end() const;

 private:
  std::vector<pid_t> not_ours_;
};

}  // namespace lemu::emulator::cli
