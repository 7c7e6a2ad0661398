// SPDX-License-Identifier: Apache-2.0
#include "base/arch.hpp"

#include <doctest/doctest.h>

using lemu::Arch;

TEST_CASE("every spelling of an architecture is understood, in any case") {
  struct Row {
    const char* word;
    std::optional<Arch> expected;
  };
  const Row rows[] = {
      {"arm64", Arch::arm64},   {"aarch64", Arch::arm64}, {"ARM64", Arch::arm64},
      {"x86_64", Arch::x86_64}, {"amd64", Arch::x86_64},  {"X86_64", Arch::x86_64},
      {"arm", std::nullopt},    {"x86", std::nullopt},    {"", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.word);
    CHECK(lemu::parse_arch(row.word) == row.expected);
  }
}

TEST_CASE("ELF machine numbers round-trip, others are refused") {
  for (Arch arch : {Arch::x86_64, Arch::arm64})
    CHECK(lemu::arch_of_elf_machine(lemu::names_of(arch).elf_machine) == arch);
  CHECK_FALSE(lemu::arch_of_elf_machine(40).has_value());  // EM_ARM, 32 bit
}
