// SPDX-License-Identifier: Apache-2.0
#include "base/arch.hpp"

#include <elf.h>

#include <array>

#include "base/words.hpp"

namespace lemu {
namespace {

// Graviton2 is a Neoverse N1; Haswell is the oldest x86_64 core Lambda documents the features of (AVX2).
constexpr std::array<ArchNames, 2> kTable{{
    {Arch::x86_64, "x86_64", "x86_64", "amd64", EM_X86_64, "x86_64", "Haswell", "x86_64-linux-gnu",
     "/lib64/ld-linux-x86-64.so.2"},
    {Arch::arm64, "arm64", "aarch64", "arm64", EM_AARCH64, "aarch64", "neoverse-n1", "aarch64-linux-gnu",
     "/lib/ld-linux-aarch64.so.1"},
}};

}  // namespace

const ArchNames& names_of(Arch arch) { return kTable[arch == Arch::arm64 ? 1 : 0]; }

std::optional<Arch> parse_arch(std::string_view word) {
  for (const ArchNames& row : kTable)
    if (same_word(word, row.lambda) || same_word(word, row.machine) || same_word(word, row.other))
      return row.arch;
  return std::nullopt;
}

std::optional<Arch> arch_of_elf_machine(std::uint16_t e_machine) {
  for (const ArchNames& row : kTable)
    if (row.elf_machine == e_machine) return row.arch;
  return std::nullopt;
}

Arch host_arch() {
#if defined(__x86_64__)
  return Arch::x86_64;
#elif defined(__aarch64__)
  return Arch::arm64;
#else
#error "lemu runs on x86_64 and aarch64 hosts"
#endif
}

}  // namespace lemu
