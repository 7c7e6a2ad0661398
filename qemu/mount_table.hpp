// SPDX-License-Identifier: Apache-2.0
// MountPoint: one line of /proc/PID/mountinfo; see proc_pid_mountinfo(5). Plain values; pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lemu::qemu {

struct MountPoint {
  std::string root;   ///< what of its file system is mounted: "/", or a folder of it for a bind mount
  std::string place;  ///< where, as this process sees it
  std::string type;   ///< "ext4", "cgroup2"
  std::string super_options;
};

/// In the order of the file. Lines that are not understood are left out.
[[nodiscard]] std::vector<MountPoint> parse_mountinfo(std::string_view text);

}  // namespace lemu::qemu
