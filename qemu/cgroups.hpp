// SPDX-License-Identifier: Apache-2.0
// Cgroups: which control groups this process is in, and whether they are its to divide (delegation); see
// cgroups(7). A plain value; reading it looks at files and changes none. Any thread.
#pragma once

#include <string>
#include <vector>

namespace lemu::qemu {

enum class CgroupAccess { read_only, writable };

/// One hierarchy this process is in.
struct CgroupHierarchy {
  int version = 2;
  std::vector<std::string> controllers;  ///< v2: those available in our group
  std::string folder;                    ///< our group's folder; the mount's own where ours is not below it
  CgroupAccess access =
      CgroupAccess::read_only;  ///< writable: groups can be made below ours, as far as modes tell
};

struct Cgroups {
  std::vector<CgroupHierarchy> hierarchies;  ///< empty: none is mounted

  /// "v1", "v2", "v1 and v2" or "none".
  [[nodiscard]] std::string layout() const;
  /// The hierarchy that has the controller, or nullptr.
  [[nodiscard]] const CgroupHierarchy* with(const std::string& controller) const;
};

/// `root` is put before every path: "" for this machine.
[[nodiscard]] Cgroups read_cgroups(const std::string& root = "");

}  // namespace lemu::qemu
