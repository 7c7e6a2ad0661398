// SPDX-License-Identifier: Apache-2.0
// Whether a dynamically linked program of another architecture finds its loader, its libraries and a new
// enough glibc in the tree it will see, told before it is started: QEMU's own message is lost, and the
// loader's comes too late. Works as ld.so(8) looks for libraries, except that it reads no ld.so.cache. Reads
// files; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "qemu/elf.hpp"
#include "qemu/guest_root.hpp"

namespace lemu::qemu {

struct FoundLibrary {
  std::string name;  ///< as DT_NEEDED says it
  std::string host;  ///< where it is on this machine
};

/// What a dynamic program will be put together from.
struct DynamicProgram {
  std::string interpreter;              ///< host path of its loader
  std::vector<FoundLibrary> libraries;  ///< in the order they were found, each once
};

struct DynamicQuestion {
  ElfInfo elf;
  std::string guest_path;  ///< where the function sees the program: $ORIGIN is its folder
  std::vector<std::string>
      library_path;  ///< guest folders of LD_LIBRARY_PATH: /var/task, /var/task/lib, /opt/lib, …
};

/// Fails with host_lacks, naming the missing loader or library (and who needs it) or the glibc version, and
/// the ways out. A static program needs nothing: an empty answer.
Result<DynamicProgram> resolve_dynamic(const DynamicQuestion& question, const GuestRoot& root);

}  // namespace lemu::qemu
