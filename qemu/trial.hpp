// SPDX-License-Identifier: Apache-2.0
// Trial: one way to run a program on this host, tried with the real helper on the smallest program there is.
// Blocking; makes an event loop of its own; everything it started is gone when it returns. Any one thread at
// a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "qemu/launch_plan.hpp"

namespace lemu::qemu {

enum class Outcome {
  works,
  refused,  ///< a step of the helper failed: `step` and `os_error`
  wrong,    ///< the program did not end as it should: `ending`
};

struct Trial {
  Arch arch = Arch::x86_64;
  SandboxChoice sandbox = SandboxChoice::automatic;  ///< on or off
  LaunchChoice launch = LaunchChoice::automatic;     ///< automatic: what invoke would choose
  ExecutionMode execution = ExecutionMode::native;   ///< what came of it
  Outcome outcome = Outcome::wrong;
  std::string step;  ///< refused: "user namespace", "mount of /proc"
  sandbox::Stage stage = sandbox::Stage::specification;
  int os_error = 0;
  std::string ending;               ///< wrong: "ended with exit code 1"
  std::string said;                 ///< wrong: the first line it wrote
  int binfmt_error = 0;             ///< why a wanted private binfmt_misc was not had
  std::vector<std::string> lost;    ///< guarantees, as LaunchPlan::lost
  std::chrono::nanoseconds took{};  ///< from starting the helper to the program's end

  [[nodiscard]] bool works() const { return outcome == Outcome::works; }
  /// Whether the host withholds what a sandbox is made of, for good: a permission, or a part of the kernel. A
  /// shortage (memory, descriptors, processes, namespaces, room) or a missing file is no such thing.
  [[nodiscard]] bool host_withholds_sandbox() const;
  /// "works", or what went wrong: "refused at its step 'user namespace': Operation not permitted".
  [[nodiscard]] std::string text() const;
};

/// What all trials share.
struct TrialBench {
  std::string helper;                            ///< lemu-sandbox
  std::string wrapper;                           ///< lemu-qemu-wrapper
  std::optional<Emulator> emulator;              ///< for the foreign architecture, when there is one
  std::optional<std::string> host_registration;  ///< as LaunchRequest::host_registration
  std::string parent;  ///< folder to make the trial's own folder in; must not be mounted noexec
  std::chrono::milliseconds patience{3000};  ///< for one trial; normally some milliseconds are enough
};

/// host_lacks for a plan that cannot be made (no QEMU); else how it went.
[[nodiscard]] Result<Trial> try_launch(const TrialBench& bench, Arch arch, SandboxChoice sandbox,
                                       LaunchChoice launch);

}  // namespace lemu::qemu
