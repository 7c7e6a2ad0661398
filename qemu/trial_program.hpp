// SPDX-License-Identifier: Apache-2.0
// The smallest program of each architecture: it ends with exit code 42. Made by hand, so that trying an
// architecture needs no compiler for it. Constants.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/arch.hpp"

namespace lemu::qemu {

/// What the trial program ends with; nothing else that can go wrong here does.
inline constexpr int kTrialExitCode = 42;

// One page-aligned PT_LOAD segment holding the whole file at 0x400000; see elf(5). The code follows both
// headers.
inline constexpr std::size_t kTrialHeaders = 64 + 56;

template <std::size_t CodeSize>
constexpr std::array<std::uint8_t, kTrialHeaders + CodeSize> trial_elf(
    std::uint16_t machine, const std::array<std::uint8_t, CodeSize>& code) {
  constexpr std::uint8_t kSize = kTrialHeaders + CodeSize;
  const std::array<std::uint8_t, kTrialHeaders> headers{0x7f,
                                                        'E',
                                                        'L',
                                                        'F',
                                                        2,
                                                        1,
                                                        1,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // 64-bit, little-endian
                                                        2,
                                                        0,
                                                        static_cast<std::uint8_t>(machine & 0xff),
                                                        static_cast<std::uint8_t>(machine >> 8),
                                                        1,
                                                        0,
                                                        0,
                                                        0,  // ET_EXEC
                                                        kTrialHeaders,
                                                        0,
                                                        0x40,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // e_entry = 0x400000 + headers
                                                        64,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // e_phoff
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // e_shoff
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        64,
                                                        0,
                                                        56,
                                                        0,
                                                        1,
                                                        0,
                                                        64,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // flags, sizes, one program header
                                                        1,
                                                        0,
                                                        0,
                                                        0,
                                                        5,
                                                        0,
                                                        0,
                                                        0,  // PT_LOAD, readable and executable
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // p_offset
                                                        0,
                                                        0,
                                                        0x40,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0x40,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // p_vaddr, p_paddr
                                                        kSize,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        kSize,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,  // p_filesz, p_memsz
                                                        0,
                                                        0,
                                                        1,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0};  // p_align = 0x10000: any page size of arm64
  std::array<std::uint8_t, kTrialHeaders + CodeSize> file{};
  for (std::size_t i = 0; i < kTrialHeaders; ++i) file[i] = headers[i];
  for (std::size_t i = 0; i < CodeSize; ++i) file[kTrialHeaders + i] = code[i];
  return file;
}

inline constexpr std::array kTrialArm64 =
    trial_elf<12>(183 /* EM_AARCH64 */, {0x40, 0x05, 0x80, 0xd2,    // mov x0, #42
                                         0xa8, 0x0b, 0x80, 0xd2,    // mov x8, #93 (exit)
                                         0x01, 0x00, 0x00, 0xd4});  // svc #0

inline constexpr std::array kTrialX86 =
    trial_elf<12>(62 /* EM_X86_64 */, {0xbf, 0x2a, 0x00, 0x00, 0x00,  // mov edi, 42
                                       0xb8, 0x3c, 0x00, 0x00, 0x00,  // mov eax, 60 (exit)
                                       0x0f, 0x05});                  // syscall

[[nodiscard]] inline std::string trial_program(Arch arch) {
  const auto bytes = [](const auto& file) { return std::string(file.begin(), file.end()); };
  return arch == Arch::arm64 ? bytes(kTrialArm64) : bytes(kTrialX86);
}

}  // namespace lemu::qemu
