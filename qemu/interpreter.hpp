// SPDX-License-Identifier: Apache-2.0
// QemuProgram: the QEMU user-mode emulator that runs programs of another architecture here, and what it needs
// to be run in a root that is not the host's. A plain value; the functions block and may be called on any
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"

namespace lemu::qemu {

enum class Linkage {
  self_contained,    ///< static: one file is enough
  shared_libraries,  ///< needs the host's loader and libraries: see shared_libraries()
};

struct QemuProgram {
  std::string path;  ///< absolute, symbolic links resolved
  Arch guest = Arch::arm64;
  Linkage linkage = Linkage::self_contained;
};

struct QemuSearch {
  std::optional<std::string> given;  ///< the user's --qemu; nothing else is looked at then
  std::string path;                  ///< folders separated by colons: the value of $PATH
};

/// Finds QEMU for `guest`: the given path, else qemu-ARCH-static, then qemu-ARCH in the folders of the path.
/// A candidate on the path that cannot be used is passed over. host_lacks with the package to install when
/// there is none; bad_usage for a given path that is no QEMU user emulator for `guest` (it is run with
/// --version to tell).
Result<QemuProgram> find_qemu(Arch guest, const QemuSearch& search);

/// Every usable QEMU on the path, in the order of preference: for `lemu doctor`.
std::vector<QemuProgram> all_qemus(Arch guest, const std::string& path);

/// The version QEMU prints, such as "7.2.22 (Debian 1:7.2+dfsg-7)"; runs it once (2 ms).
Result<std::string> qemu_version(const QemuProgram& qemu);

/// The files a QEMU with shared libraries is made of, as this host's loader finds them.
struct SharedLibraries {
  std::string loader;  ///< the dynamic loader itself, absolute: run `LOADER --library-path DIR QEMU …`
  std::vector<std::string> files;  ///< every library, absolute, without the loader
};
/// Asks the loader (`ld.so --list`, about 5 ms). Empty for a self-contained QEMU.
Result<SharedLibraries> shared_libraries(const QemuProgram& qemu);

}  // namespace lemu::qemu
