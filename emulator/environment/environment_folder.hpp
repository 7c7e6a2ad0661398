// SPDX-License-Identifier: Apache-2.0
// EnvironmentFolder: the one owner of an environment's folder on the host (`root`, the mount point of its
// root; `code`, where a zip is unpacked; `tmp`, its /tmp when that is kept). Removed with its owner; one
// whose lemu was killed is swept by the next lemu, which finds its lock free. Move-only; blocking.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::emulator {

class EnvironmentFolder {
 public:
  /// Makes a new folder below `base` (made too, mode 0700, if need be) and holds its lock. First sweeps what
  /// killed lemus left there.
  static Result<EnvironmentFolder> make(const std::string& base);

  EnvironmentFolder(EnvironmentFolder&& other) noexcept;
  EnvironmentFolder& operator=(EnvironmentFolder&&) = delete;
  EnvironmentFolder(const EnvironmentFolder&) = delete;
  EnvironmentFolder& operator=(const EnvironmentFolder&) = delete;
  ~EnvironmentFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string root() const { return path_ + "/root"; }
  [[nodiscard]] std::string code() const { return path_ + "/code"; }
  [[nodiscard]] std::string tmp() const { return path_ + "/tmp"; }
  /// The folder stays, for good: no sweep takes it.
  void keep();

 private:
  EnvironmentFolder(std::string path, Fd lock);
  std::string path_;  ///< empty: nothing to remove
  Fd lock_;
};

/// lemu-UID in $TMPDIR, else in /tmp. (Not in $XDG_RUNTIME_DIR, which is memory, and little of it.) `lookup`
/// gives a variable's value or nullptr.
[[nodiscard]] std::string default_environment_base(const char* (*lookup)(const char* name));

}  // namespace lemu::emulator
