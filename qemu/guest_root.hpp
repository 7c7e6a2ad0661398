// SPDX-License-Identifier: Apache-2.0
// GuestRoot: the file tree a function will see, described by which host folder stands where in it, before any
// of it is mounted. A plain value; looking files up reads the host's file system, on any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"

namespace lemu::qemu {

/// One host folder (or file) and where the function sees it: {"/usr/aarch64-linux-gnu/lib", "/lib"}.
struct Mounted {
  std::string host;
  std::string guest;  ///< absolute; "/" for a whole root
};

class GuestRoot {
 public:
  GuestRoot() = default;
  explicit GuestRoot(std::vector<Mounted> mounts) : mounts_(std::move(mounts)) {}

  /// Later ones cover earlier ones of the same place.
  void add(Mounted mount) { mounts_.push_back(std::move(mount)); }
  /// A symbolic link that is only made when the root is: {"/lib", "usr/lib"}.
  void add_link(std::string guest, std::string text) { links_[std::move(guest)] = std::move(text); }
  [[nodiscard]] const std::vector<Mounted>& mounts() const { return mounts_; }

  /// The host path of a guest path that exists, symbolic links followed inside the guest's tree (an absolute
  /// link of a sysroot does not lead out of it); nothing when there is no such file.
  [[nodiscard]] std::optional<std::string> find(std::string_view guest_path) const;

 private:
  [[nodiscard]] std::string host_path(const std::string& guest_path) const;
  [[nodiscard]] std::optional<std::string> link_at(const std::string& guest_path) const;

  std::vector<Mounted> mounts_;
  std::map<std::string, std::string, std::less<>> links_;
};

/// The links of a merged /usr that a root lacks, by name: "lib" where it has usr/lib and nothing at lib. In
/// Debian 13 and later one package makes them (base-files), and the others' files are all below /usr, so
/// packages unpacked by hand have none.
[[nodiscard]] std::vector<std::string> missing_usr_links(const std::string& root);

/// The distribution's cross libraries for an architecture (Debian's libc6-arm64-cross and its like), as they
/// are to be bound; empty when they are not installed.
[[nodiscard]] std::vector<Mounted> cross_libraries(Arch arch, const std::string& host_root = "");

}  // namespace lemu::qemu
