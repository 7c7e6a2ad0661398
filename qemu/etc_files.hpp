// SPDX-License-Identifier: Apache-2.0
// What a function finds in /etc: files that lemu makes, laid over what is public of the /etc that its system
// directories belong to. Produces the mount list of a SandboxSpec; mounts nothing itself. Reads the host's
// files, on any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qemu/runtime_root.hpp"

namespace lemu::qemu {

/// When a made file is laid.
enum class Laid {
  always,         ///< over the root's own
  where_missing,  ///< where the root has none
  without_root,   ///< where the function has no system of its own: the root's tells what that root is
};

/// A file that lemu makes.
struct MadeFile {
  std::string_view name;  ///< in /etc
  std::string_view what;  ///< for docs/sandbox.md
  Laid laid;
  std::string (*content)();
};
[[nodiscard]] std::span<const MadeFile> made_files();

/// What of the host's /etc a native function sees, as its /usr links to it: names, or beginnings of names
/// that end in '*'. Of ssl and pki only what is public in them.
[[nodiscard]] std::span<const std::string_view> public_places();

/// The paths at which programs look for the bundle of CA certificates.
[[nodiscard]] std::span<const std::string_view> certificate_paths();

/// /etc for `root`. Of the host's, public_places() that belong to the system and that everybody may read; of
/// a sysroot's, all that everybody may read, through all folders. A sysroot that is the host's root shows
/// what the host's would. `host` is where the host's root is, for tests.
[[nodiscard]] std::vector<sandbox::Mount> etc_mounts(const RuntimeRoot& root, const std::string& host = "");

}  // namespace lemu::qemu
