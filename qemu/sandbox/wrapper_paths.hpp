// SPDX-License-Identifier: Apache-2.0
// Where the sandbox's own /dev keeps what runs foreign programs, and what QEMU is given besides its options.
// One place, read by the launch plan and the wrapper.
#pragma once

namespace lemu::sandbox {

inline constexpr char kToolFolder[] = "/dev/.lemu";
inline constexpr char kQemuPath[] = "/dev/.lemu/qemu";
inline constexpr char kQemuLoader[] = "/dev/.lemu/ld.so";
inline constexpr char kQemuLibraries[] = "/dev/.lemu/lib";
inline constexpr char kWrapperPath[] = "/dev/.lemu/wrapper";
/// QEMU's path and options, each word ended by NUL.
inline constexpr char kQemuCommandFile[] = "/dev/.lemu/qemu.command";
inline constexpr char kBinfmtFolder[] = "/dev/.lemu/binfmt";

/// Environment that makes QEMU's own memory tell-tale: its malloc then takes all from the brk heap, which
/// memory maps call [heap], instead of from anonymous mappings that look like the guest's (see
/// guest_memory.hpp). The guest never sees it: QEMU is handed `-U NAME` for each, or `-E NAME=VALUE` where
/// the function sets one itself.
struct QemuVariable {
  const char* name;
  const char* value;
};
inline constexpr QemuVariable kQemuEnvironment[] = {{"MALLOC_ARENA_MAX", "1"}, {"MALLOC_MMAP_MAX_", "0"}};

}  // namespace lemu::sandbox
