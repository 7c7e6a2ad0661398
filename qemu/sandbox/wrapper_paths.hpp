// SPDX-License-Identifier: Apache-2.0
// Where the sandbox's own /dev keeps what runs foreign programs. One place, read by the launch plan and the wrapper.
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

}  // namespace lemu::sandbox
