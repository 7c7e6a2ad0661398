// SPDX-License-Identifier: Apache-2.0
// What the function finds around its code: system directories, /dev, /proc, a made /etc. Produces the mount
// list of a SandboxSpec; mounts nothing itself.
#pragma once

#include <string>
#include <vector>

#include "base/arch.hpp"
#include "qemu/sandbox/spec.hpp"

namespace lemu::qemu {

/// Where /usr, /lib and the like come from.
enum class SystemSource {
  host,             ///< the host's own directories: functions of the host's architecture
  sysroot,          ///< a root of the function's architecture that the user named
  cross_libraries,  ///< the distribution's cross libraries, /usr/TRIPLET/lib, shown as /lib
  none,             ///< nothing: a static program
};

struct RuntimeRoot {
  SystemSource source = SystemSource::none;
  std::string path;  ///< sysroot, cross_libraries: the host folder
};

/// The system directories of `root`, read-only. Symbolic links (/lib -> usr/lib) stay links.
std::vector<sandbox::Mount> system_mounts(const RuntimeRoot& root);
/// /dev with null, zero, full, random and urandom; /proc. No /dev/shm: Lambda has none.
std::vector<sandbox::Mount> device_mounts();
/// passwd, group, hosts, resolv.conf, nsswitch.conf and the CA bundle under the names that AL2023 and Debian
/// use.
std::vector<sandbox::Mount> etc_mounts();

}  // namespace lemu::qemu
