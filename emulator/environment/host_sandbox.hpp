// SPDX-License-Identifier: Apache-2.0
// HostSandbox: whether this host can make sandboxes at all. It is decided at most once for a process, by a
// trial that no package has a part in. What fails afterwards is an error, and no reason to run a function
// without a sandbox. Owned by EnvironmentHost; lives on its thread.
#pragma once

#include <sys/types.h>

#include "base/result.hpp"
#include "qemu/trial.hpp"

namespace lemu::emulator {

class HostSandbox {
 public:
  /// A function has started in a sandbox: this host can make them.
  void worked() { verdict_ = Verdict::possible; }
  [[nodiscard]] bool decided() const { return verdict_ != Verdict::unknown; }
  [[nodiscard]] bool impossible() const { return verdict_ == Verdict::impossible; }

  /// Draws the conclusion from a trial of a sandbox, unless there is one already. A trial that could not be
  /// made, or that failed for want of something, decides nothing.
  void judge(const Result<qemu::Trial>& trial);

 private:
  enum class Verdict { unknown, possible, impossible };
  Verdict verdict_ = Verdict::unknown;
};

/// What follows when an environment was refused a step.
enum class AfterRefusal {
  tell,        ///< the user is told the error
  tell_root,   ///< the same, and why root does not go on without a sandbox
  try_host,    ///< a trial must first find out whether this host can make sandboxes
  go_without,  ///< the function runs without a sandbox
};
/// `asked` is the user's choice, `user` the one that lemu runs as.
[[nodiscard]] AfterRefusal after_refusal(const Error& refusal, qemu::SandboxChoice asked, uid_t user,
                                         const HostSandbox& host);

}  // namespace lemu::emulator
