// SPDX-License-Identifier: Apache-2.0
#include "qemu/memory_split.hpp"

#include <doctest/doctest.h>

#include "qemu/proc_text.hpp"
#include "tests/unit/qemu/smaps_text.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;

namespace {

/// A mapping of which `written_kib` are private copies.
std::string written(const std::string& header, std::uint64_t rss_kib, std::uint64_t written_kib) {
  return header + "\nRss: " + std::to_string(rss_kib) + " kB\nPss: " + std::to_string(rss_kib) +
         " kB\nPss_Dirty: " + std::to_string(written_kib) + " kB\nAnonymous: " + std::to_string(written_kib) +
         " kB\n";
}

const std::string kImage = mapping("1000-2000 r-xp 00000000 fe:00 12 /usr/bin/qemu", 1);

}  // namespace

TEST_CASE("mappings are told apart by what they are") {
  const MemorySplit split = split_smaps(kMixed);
  CHECK(split.guest_rss == kMixedGuest);
  CHECK(split.guest_pss == kMixedGuest / 2);
  CHECK(split.emulator_rss == kMixedEmulator);
  CHECK(split.emulator_pss == kMixedEmulator / 2);
}

TEST_CASE("each rule of the split by itself") {
  struct Row {
    const char* rule;
    std::string smaps;
    std::uint64_t guest_kib;
    std::uint64_t emulator_kib;
  };
  const Row rows[] = {
      {"nothing", "", 0, 0},
      {"garbage", "hello\nRss: 12 kB\n\nz-y\n", 0, 0},
      {"an unfinished number", "1000-2000 rw-p 0 00:00 0\nRss: \n", 0, 0},
      {"data behind the image", kImage + mapping("2000-3000 rw-p 00000000 00:00 0 ", 5), 0, 6},
      {"data with a gap before it", kImage + mapping("3000-4000 rw-p 00000000 00:00 0 ", 5), 5, 1},
      {"something big behind the image", kImage + mapping("2000-4000000 rw-p 00000000 00:00 0 ", 5000), 5000,
       1},
      {"another file on the same inode number", kImage + mapping("5000-6000 r--p 00000000 fe:01 12 /data", 7),
       7, 1},
      {"the image by another name", kImage + mapping("5000-6000 r--p 00000000 fe:00 12 /x", 7), 0, 8},
      {"shared memory of the guest", mapping("5000-6000 rw-s 00000000 00:01 2048 /memfd:x (deleted)", 7), 7,
       0},
      {"a heap with a label", mapping("5000-6000 rw-p 00000000 00:00 0 [anon:libc_malloc]", 7), 7, 0},
      {"executable memory shared with others", mapping("5000-6000 rwxs 00000000 00:01 2048 /memfd:x", 7), 7,
       0},
      {"swapped out", mapping("5000-6000 rw-p 00000000 00:00 0 ", 7) + "Swap: 30 kB\nSwapPss: 30 kB\n", 37,
       0},
      {"huge pages", mapping("5000-6000 rw-p 00000000 00:00 0 ", 0) + "Private_Hugetlb: 2048 kB\n", 2048, 0},
      {"two buffers of translated code",
       mapping("600000-700000 rwxp 0 00:00 0 ", 900) + mapping("800000-900000 rwxp 0 00:00 0 ", 100), 900,
       100},
      {"a larger one than QEMU makes", mapping("600000-8700000 rwxp 0 00:00 0 ", 900), 900, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    const MemorySplit split = split_smaps(row.smaps);
    CHECK(split.guest_rss == row.guest_kib * kKib);
    CHECK(split.emulator_rss == row.emulator_kib * kKib);
  }
}

TEST_CASE("no kind of QEMU's own is more than QEMU ever has") {
  struct Row {
    const char* kind;
    std::string smaps;
    std::uint64_t guest_mib;
  };
  constexpr std::uint64_t kAll = 600;  // MiB
  const std::string image = " 00000000 fe:00 12 /usr/bin/qemu";
  const Row rows[] = {
      {"copies of the image's pages", written("5000-6000 rw-p" + image, kAll << 10, kAll << 10), kAll - 4},
      {"half of them copies", written("5000-6000 rw-p" + image, kAll << 10, kAll << 9), kAll - 4 - 32},
      {"the image mapped again and again", written("5000-6000 r--p" + image, kAll << 10, 0), kAll - 32},
      {"memory that the kernel merged with QEMU's heap",
       written("5000-6000 rw-p 0 00:00 0 [heap]", kAll << 10, kAll << 10), kAll - 128},
  };
  for (const Row& row : rows) {
    CAPTURE(row.kind);
    const MemorySplit split = split_smaps(kImage + row.smaps);
    CHECK((split.guest_rss >> 20) >= row.guest_mib - 1);
    CHECK((split.guest_pss >> 20) >= row.guest_mib - 1);
    CHECK(split.guest_rss + split.emulator_rss == (kAll << 20) + kKib);
  }
}
