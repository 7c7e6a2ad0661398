// SPDX-License-Identifier: Apache-2.0
// Freezer: a control group of a function's processes, which the kernel stops and lets go on together
// (cgroup.freeze in "Control Group v2", Linux 5.2). Unlike a stopped process, a frozen one is not continued
// by SIGCONT. Owned by one execution environment; any thread.
//
// Of version 2 only: what version 1 has frozen cannot even be killed, and would outlive a lemu that was.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "qemu/cgroups.hpp"

namespace lemu::qemu {

class Freezer {
 public:
  /// Makes a group below lemu's own. Fails (host_lacks) where that is not lemu's to divide. What a killed
  /// lemu left there is removed first; its name tells the process that made it.
  static Result<Freezer> make(const Cgroups& cgroups = read_cgroups());
  Freezer(Freezer&& other) noexcept;
  Freezer& operator=(Freezer&& other) = delete;
  /// Removes the group if nothing runs in it any more; else whoever waits for that is to do it.
  ~Freezer();

  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// False where the kernel refuses.
  [[nodiscard]] bool freeze() const;
  [[nodiscard]] bool thaw() const;
  /// Whether all of them are in the group.
  [[nodiscard]] bool holds(const std::vector<pid_t>& processes) const;

 private:
  explicit Freezer(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace lemu::qemu
