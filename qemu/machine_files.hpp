// SPDX-License-Identifier: Apache-2.0
// The files by which a function learns what machine it runs on, as Lambda's would say it: pure text. Any
// thread.
#pragma once

#include <cstdint>
#include <string>

namespace lemu::qemu {

inline constexpr char kMemoryFile[] = "/proc/meminfo";
inline constexpr char kProcessorsFile[] = "/proc/cpuinfo";

/// /proc/meminfo of a machine with this much memory and no swap. All of it counts as free: what the function
/// takes is not followed there.
[[nodiscard]] std::string memory_file(std::uint64_t bytes);

/// /proc/cpuinfo of an arm64 machine with so many of Graviton2's cores (Neoverse N1).
[[nodiscard]] std::string graviton_processors_file(unsigned processors);

}  // namespace lemu::qemu
