// SPDX-License-Identifier: Apache-2.0
// Arch: the CPU architectures of Lambda, and the one table of how everybody spells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lemu {

enum class Arch { x86_64, arm64 };

/// One row a spelling system. All views point at static, NUL-terminated text.
struct ArchNames {
  Arch arch;
  std::string_view lambda;       ///< as Lambda's API says it: "arm64"
  std::string_view machine;      ///< as uname(1) says it: "aarch64"
  std::string_view other;        ///< as Docker and Debian say it: "arm64", "amd64"
  std::uint16_t elf_machine;     ///< e_machine of elf(5)
  std::string_view qemu;         ///< suffix of QEMU's user-mode program: qemu-aarch64
  std::string_view default_cpu;  ///< the `-cpu` model of Lambda's launch hardware (Graviton2: Neoverse N1)
  std::string_view gnu_triplet;  ///< "aarch64-linux-gnu"
  std::string_view loader;       ///< glibc's program interpreter: "/lib/ld-linux-aarch64.so.1"
};

[[nodiscard]] const ArchNames& names_of(Arch arch);
/// Any of the spellings of the table, in any case; nothing for another word.
[[nodiscard]] std::optional<Arch> parse_arch(std::string_view word);
[[nodiscard]] std::optional<Arch> arch_of_elf_machine(std::uint16_t e_machine);
/// The architecture this program was built for, which is the one the host runs natively.
[[nodiscard]] Arch host_arch();

}  // namespace lemu
