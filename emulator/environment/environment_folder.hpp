// SPDX-License-Identifier: Apache-2.0
// EnvironmentFolder: the one owner of an environment's folder on the host (`code`, where a zip is unpacked;
// `tmp`, its /tmp when that is a real folder), made when something is first put there: most functions need
// none, and a disk is slow. Removed with its owner; one whose lemu was killed is swept by the next lemu,
// which finds its lock free. Move-only; blocking.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::emulator {

class EnvironmentFolder {
 public:
  /// For a folder below `base`, which is made, mode 0700, if need be. Sweeps what killed lemus left there.
  static Result<EnvironmentFolder> make(const std::string& base);

  /// For another environment below the same base, without sweeping again.
  static EnvironmentFolder beside(const EnvironmentFolder& other);

  EnvironmentFolder(EnvironmentFolder&& other) noexcept;
  EnvironmentFolder& operator=(EnvironmentFolder&&) = delete;
  EnvironmentFolder(const EnvironmentFolder&) = delete;
  EnvironmentFolder& operator=(const EnvironmentFolder&) = delete;
  ~EnvironmentFolder();

  /// An empty folder for sandboxes to mount their roots on, each in a mount namespace of its own: the same
  /// one for all, which stays.
  [[nodiscard]] std::string mount_point() const { return base_ + "/root"; }
  /// Makes the mount point, where it is missing: a cleaner of /tmp may have removed it.
  Status make_mount_point() const;
  [[nodiscard]] const std::string& base() const { return base_; }
  /// Each makes the folder, and holds its lock, when it is first asked for.
  Result<std::string> code();
  Result<std::string> tmp();
  /// Links for QEMU's -L.
  Result<std::string> prefix();
  /// Empty as long as nothing was asked for.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The folder stays, for good: no sweep takes it.
  void keep();

 private:
  explicit EnvironmentFolder(std::string base) : base_(std::move(base)) {}
  Status make_own();
  Result<std::string> make_part(const char* name, mode_t mode);

  std::string base_;
  std::string path_;
  Fd lock_;
};

/// lemu-UID in $TMPDIR, else in /tmp. (Not in $XDG_RUNTIME_DIR, which is memory, and little of it.) `lookup`
/// gives a variable's value or nullptr.
[[nodiscard]] std::string default_environment_base(const char* (*lookup)(const char* name));

}  // namespace lemu::emulator
