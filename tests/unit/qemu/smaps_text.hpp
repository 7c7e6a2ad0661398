// SPDX-License-Identifier: Apache-2.0
// Texts like those of /proc/PID/smaps.
#pragma once

#include <cstdint>
#include <string>

namespace lemu::qemu::test {

/// One mapping as /proc/PID/smaps tells it.
inline std::string mapping(const std::string& header, std::uint64_t rss_kib) {
  return header + "\nSize:               4096 kB\nRss:         " + std::to_string(rss_kib) +
         " kB\nPss:         " + std::to_string(rss_kib / 2) +
         " kB\nAnonymous: 1 kB\nVmFlags: rd wr mr mw me ac\n";
}

// The order QEMU 10 leaves them in: guest and emulator side by side.
inline const std::string kMixed =
    mapping("00400000-0047e000 r--p 00000000 fe:00 77                  /var/task/boot strap", 100) +
    mapping("00493000-004ba000 rw-p 00000000 00:00 0 ", 20) +
    mapping("555577a0f000-555577b2e000 rw-p 00000000 00:00 0           [heap]", 700) +
    mapping("7fed53fff000-7fed58000000 rw-p 00000000 00:00 0 ", 65540) +
    mapping("7fed5f400000-7fed673ff000 rwxp 00000000 00:00 0 ", 2048) +
    mapping("7fed67e00000-7fed6802f000 r--p 00000000 fe:00 12          /usr/bin/qemu-aarch64", 2236) +
    mapping("7fed6802f000-7fed68509000 r-xp 0022f000 fe:00 12          /usr/bin/qemu-aarch64", 3332) +
    mapping("7fed68a3c000-7fed68b0c000 rw-p 00c3c000 fe:00 12          /usr/bin/qemu-aarch64", 456) +
    mapping("7fed68b0c000-7fed68b21000 rw-p 00000000 00:00 0 ", 72) +
    mapping("7fed68bb8000-7fed68bb9000 r--p 00000000 00:00 0           [anon: guest]", 4) +
    mapping("7fed68c40000-7fed68c42000 r-xp 00000000 00:00 0           [vdso]", 4) +
    mapping("7ffcaf9cd000-7ffcaf9ee000 rw-p 00000000 00:00 0           [stack]", 20);
inline constexpr std::uint64_t kMixedGuest = (100 + 20 + 65540 + 4) * 1024;
inline constexpr std::uint64_t kMixedEmulator = (700 + 2048 + 2236 + 3332 + 456 + 72 + 4 + 20) * 1024;

}  // namespace lemu::qemu::test
