// SPDX-License-Identifier: Apache-2.0
// HostBinfmt: what the host's kernel has registered in binfmt_misc, and the line that registers QEMU in a
// binfmt_misc of our own. Plain values; the functions are pure but for read_host_binfmt.
// See Documentation/admin-guide/binfmt-misc.rst of Linux.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"

namespace lemu::qemu {

enum class Switch { off, on };

/// One file of /proc/sys/fs/binfmt_misc.
struct Registration {
  std::string name;
  Switch state = Switch::off;
  std::string interpreter;
  std::string flags;  ///< letters of P, O, C, F
  std::size_t offset = 0;
  std::string magic;  ///< bytes; empty for a registration by file extension
  std::string mask;   ///< as long as the magic, or empty for all ones

  /// Whether a file beginning with these bytes is this registration's.
  [[nodiscard]] bool takes(std::string_view head) const;
};

struct HostBinfmt {
  Switch mounted = Switch::off;  ///< off: not mounted here, or not in this kernel
  Switch state = Switch::off;    ///< the facility as a whole ("status")
  std::vector<Registration> registrations;

  /// The registration that would run a program of `arch`; null when none would. (Where several would, the
  /// kernel takes the newest, which the folder does not tell: this is then any of them.)
  [[nodiscard]] const Registration* taker_of(Arch arch) const;
};

inline constexpr const char* kHostBinfmtFolder = "/proc/sys/fs/binfmt_misc";
/// An absent folder or one without a `status` file is "not mounted", not an error.
Result<HostBinfmt> read_host_binfmt(const std::string& folder = kHostBinfmtFolder);
/// The text of one file of that folder.
Result<Registration> parse_registration(std::string_view name, std::string_view text);

/// What to write to `register`: ELF programs of `arch` are run by `interpreter`, opened now (F) and told
/// argv[0] (P). Bad_input for an interpreter's path that cannot be written there (127 bytes are the kernel's
/// limit).
Result<std::string> registration_line(std::string_view name, Arch arch, std::string_view interpreter);

}  // namespace lemu::qemu
