// SPDX-License-Identifier: Apache-2.0
// What the function finds around its code: system directories, /dev, /proc. (/etc: etc_files.hpp.) Produces
// the mount list of a SandboxSpec; mounts nothing itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "qemu/guest_root.hpp"
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
  /// sysroot: the folder to give QEMU (-L) in place of `path`, as that lacks links; empty: it lacks none
  std::string prefix;
};

/// The top-level folders, and links, of a system; of /nix the store alone.
[[nodiscard]] std::span<const std::string_view> system_folders();
/// The nodes of /dev.
[[nodiscard]] std::span<const std::string_view> device_names();

/// The system directories of `root`, read-only. Symbolic links (/lib -> usr/lib) stay links; those of a
/// merged /usr are made where the root lacks them.
std::vector<sandbox::Mount> system_mounts(const RuntimeRoot& root);
/// Adds what these mounts will show, for looking files up before anything is mounted.
void show(GuestRoot& tree, const std::vector<sandbox::Mount>& mounts);
/// /dev with null, zero, full, random and urandom; /proc. No /dev/shm: Lambda has none.
std::vector<sandbox::Mount> device_mounts();
}  // namespace lemu::qemu
