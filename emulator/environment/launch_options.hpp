// SPDX-License-Identifier: Apache-2.0
// LaunchOptions: what a user says about how a function is launched. A plain value.
#pragma once

#include <optional>
#include <string>

#include "qemu/launch_plan.hpp"

namespace lemu::emulator {

struct LaunchOptions {
  qemu::SandboxChoice sandbox = qemu::SandboxChoice::automatic;
  qemu::LaunchChoice launch = qemu::LaunchChoice::automatic;
  std::optional<std::string> cpu = {};      ///< QEMU's -cpu; absent: that of Lambda's hardware
  std::optional<std::string> qemu = {};     ///< path; absent: searched for
  std::optional<std::string> sysroot = {};  ///< path of a root folder of the function's architecture
  /// Stretches the function's timeout, the init limit and the deadline alike; absent: lemu's own choice.
  std::optional<double> timeout_scale = {};
  enum class Folder { removed, kept } folder = Folder::removed;  ///< the environment's, and its /tmp
};

}  // namespace lemu::emulator
