// SPDX-License-Identifier: Apache-2.0
#include "qemu/guest_memory.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::Result;

namespace {

constexpr std::uint64_t kKib = 1024;

/// One mapping as /proc/PID/smaps tells it.
std::string mapping(const std::string& header, std::uint64_t rss_kib) {
  return header + "\nSize:               4096 kB\nRss:         " + std::to_string(rss_kib) +
         " kB\nPss:         " + std::to_string(rss_kib / 2) +
         " kB\nAnonymous: 1 kB\nVmFlags: rd wr mr mw me ac\n";
}

// The order QEMU 10 leaves them in: guest and emulator side by side.
const std::string kMixed =
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
constexpr std::uint64_t kMixedGuest = (100 + 20 + 65540 + 4) * kKib;
constexpr std::uint64_t kMixedEmulator = (700 + 2048 + 2236 + 3332 + 456 + 72 + 4 + 20) * kKib;

/// A fake /proc with the helper 10 and the function 20, whose files are given.
struct FakeProc {
  TemporaryFolder folder;

  FakeProc() { folder.add("10/stat", stat_text(10, "lemu-sandbox", 1, 1), 0644); }
  void process(pid_t pid, std::uint64_t resident_kib, std::uint64_t high_water_kib,
               const std::string& smaps) {
    const std::string base = std::to_string(pid) + "/";
    folder.add(base + "stat", stat_text(pid, "bootstrap", 10, pid), 0644);
    folder.add(base + "status",
               "Name:\tbootstrap\nVmHWM:\t" + std::to_string(high_water_kib) + " kB\nVmRSS:\t" +
                   std::to_string(resident_kib) + " kB\nRssAnon:\t" + std::to_string(resident_kib) + " kB\n",
               0644);
    folder.add(base + "smaps", smaps, 0644);
    folder.add(base + "smaps_rollup",
               "00-ff ---p 00 00:00 0 [rollup]\nRss: 9 kB\nPss:  " + std::to_string(resident_kib / 2) +
                   " kB\nPss_Dirty: 1 kB\n",
               0644);
  }
  /// The process's pages as its stat tells them; the name is one that is easily misread.
  void pages(pid_t pid, const std::string& minor_faults, const std::string& major_faults,
             const std::string& resident) {
    folder.add(std::to_string(pid) + "/stat",
               std::to_string(pid) + " (boot) 1 strap) S 10 1 1 0 -1 4194304 " + minor_faults + " 9 " +
                   major_faults + " 9 1 1 0 0 20 0 1 0 100 1000000 " + resident +
                   " 18446744073709551615 1 1\n",
               0644);
  }
  MemoryMeter meter(Execution execution) const {
    return MemoryMeter({.helper = 10, .execution = execution, .proc = folder.path});
  }
};

}  // namespace

TEST_CASE("mappings are told apart by what they are") {
  const MemorySplit split = split_smaps(kMixed);
  CHECK(split.guest_rss == kMixedGuest);
  CHECK(split.guest_pss == kMixedGuest / 2);
  CHECK(split.emulator_rss == kMixedEmulator);
}

TEST_CASE("each rule of the split by itself") {
  const std::string image = mapping("1000-2000 r-xp 00000000 fe:00 12 /usr/bin/qemu", 1);
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
      {"data behind the image", image + mapping("2000-3000 rw-p 00000000 00:00 0 ", 5), 0, 6},
      {"data with a gap before it", image + mapping("3000-4000 rw-p 00000000 00:00 0 ", 5), 5, 1},
      {"something big behind the image", image + mapping("2000-4000000 rw-p 00000000 00:00 0 ", 5000), 5000,
       1},
      {"another file on the same inode number", image + mapping("5000-6000 r--p 00000000 fe:01 12 /data", 7),
       7, 1},
      {"the image by another name", image + mapping("5000-6000 r--p 00000000 fe:00 12 /x", 7), 0, 8},
      {"shared memory of the guest", mapping("5000-6000 rw-s 00000000 00:01 2048 /memfd:x (deleted)", 7), 7,
       0},
      {"a heap with a label", mapping("5000-6000 rw-p 00000000 00:00 0 [anon:libc_malloc]", 7), 7, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    const MemorySplit split = split_smaps(row.smaps);
    CHECK(split.guest_rss == row.guest_kib * kKib);
    CHECK(split.emulator_rss == row.emulator_kib * kKib);
  }
}

TEST_CASE("natively the kernel's high-water mark is the figure") {
  FakeProc proc;
  proc.process(20, 8000, 9000, "");
  MemoryMeter meter = proc.meter(Execution::native);
  const Result<std::uint64_t> at_most = meter.at_most();
  REQUIRE(at_most);
  CHECK(*at_most == 9000 * kKib);
  const Result<MemoryFigure> peak = meter.peak();
  REQUIRE(peak);
  CHECK(peak->bytes == 9000 * kKib);
  CHECK(peak->how == Obtained::exact);
}

TEST_CASE("the high-water mark is read again only when the process was given pages") {
  struct Row {
    const char* minor_faults;
    const char* major_faults;
    const char* resident;
    bool read;
  };
  constexpr Row kRows[] = {
      {"500", "2", "2000", false}, {"501", "2", "2000", true}, {"500", "3", "2000", true},
      {"500", "2", "2001", true},  {"500", "2", "1999", true}, {"500", "2", "", true},
  };
  for (const Execution execution : {Execution::native, Execution::emulated}) {
    for (const Row& row : kRows) {
      CAPTURE(row.minor_faults);
      CAPTURE(row.major_faults);
      CAPTURE(row.resident);
      FakeProc proc;
      proc.process(20, 8000, 9000, "");
      proc.pages(20, "500", "2", "2000");
      MemoryMeter meter = proc.meter(execution);
      CHECK(meter.at_most().value() == 9000 * kKib);
      proc.process(20, 8000, 9500, "");
      proc.pages(20, row.minor_faults, row.major_faults, row.resident);
      CHECK(meter.at_most().value() == (row.read ? 9500 : 9000) * kKib);
    }
  }
}

TEST_CASE(
    "under emulation QEMU's share is taken off, and measured anew only when the mark has moved by a MiB") {
  FakeProc proc;
  const std::uint64_t total = (kMixedGuest + kMixedEmulator) / kKib;
  proc.process(20, total, total + 1000, kMixed);
  MemoryMeter meter = proc.meter(Execution::emulated);
  // As long as they are not told apart, QEMU's share may be the guest's.
  CHECK(meter.at_most().value() == (total + 1000) * kKib);
  Result<MemoryFigure> peak = meter.peak();
  REQUIRE(peak);
  CHECK(peak->bytes == kMixedGuest + 1000 * kKib);
  CHECK(peak->how == Obtained::sampled_and_split);
  CHECK(meter.at_most().value() == kMixedGuest + 1000 * kKib);

  // Without a new mark, or one little higher, smaps is not read again: its absence goes unnoticed.
  std::filesystem::remove(proc.folder.path + "/20/smaps");
  CHECK(meter.peak());
  proc.process(20, total, total + 1000 + 1023, kMixed);
  std::filesystem::remove(proc.folder.path + "/20/smaps");
  CHECK(meter.peak()->bytes == kMixedGuest + 1000 * kKib);
  CHECK(meter.at_most().value() == kMixedGuest + (1000 + 1023) * kKib);
  // With one it is: QEMU's share has doubled, the guest's has not changed.
  const std::string grown =
      kMixed + mapping("600000000000-700000000000 rwxp 00000000 00:00 0 ", kMixedEmulator / kKib);
  proc.process(20, total, total + 1000 + kMixedEmulator / kKib, grown);
  peak = meter.peak();
  REQUIRE(peak);
  CHECK(peak->bytes == kMixedGuest + 1000 * kKib);
}

TEST_CASE("several processes are added by their proportional share") {
  FakeProc native;
  native.process(20, 8000, 9000, "");
  native.process(21, 40000, 40000, "");
  MemoryMeter plain = native.meter(Execution::native);
  const Result<MemoryFigure> sum = plain.peak();
  REQUIRE(sum);
  CHECK(sum->bytes == (4000 + 20000) * kKib);
  CHECK(sum->how == Obtained::sampled);

  FakeProc emulated;
  emulated.process(20, 1, 1, kMixed);
  emulated.process(21, 1, 1, kMixed);
  emulated.process(22, 1, 1, kMixed);
  MemoryMeter split = emulated.meter(Execution::emulated);
  const Result<MemoryFigure> guests = split.peak();
  REQUIRE(guests);
  CHECK(guests->bytes == 3 * (kMixedGuest / 2));
  CHECK(guests->how == Obtained::sampled_and_split);
}

TEST_CASE("many processes are added by what each has beyond the main one, and closely only over the limit") {
  FakeProc proc;
  proc.process(20, 8000, 8000, "");
  for (pid_t pid = 21; pid < 41; ++pid) proc.process(pid, 9000, 9000, "");
  proc.process(41, 2000, 2000, "");
  constexpr std::uint64_t kEstimate = (8000 + 20 * 1000) * kKib;
  constexpr std::uint64_t kClosely = (4000 + 20 * 4500 + 1000) * kKib;
  for (const std::uint64_t limit : {kEstimate, kEstimate - 1}) {
    MemoryMeter meter({.main = 20, .helper = 10, .proc = proc.folder.path, .limit = limit});
    const Result<MemoryFigure> peak = meter.peak();
    REQUIRE(peak);
    CHECK(peak->bytes == (limit < kEstimate ? kClosely : kEstimate));
    CHECK(peak->how == Obtained::sampled);
    CHECK(meter.peak()->bytes == peak->bytes);
  }
}

TEST_CASE("the last word after the end, and nothing where nothing was measured") {
  FakeProc empty;
  MemoryMeter never = empty.meter(Execution::native);
  CHECK_FALSE(never.at_most());
  CHECK_FALSE(never.peak());
  CHECK(never.peak().error().kind == lemu::ErrorKind::host_lacks);
  never.note_exit(5000 * kKib);
  REQUIRE(never.peak());
  CHECK(never.peak()->bytes == 5000 * kKib);
  CHECK(never.peak()->how == Obtained::exact);

  // QEMU's share was never seen: then its guest's figure is not known either.
  MemoryMeter emulated = empty.meter(Execution::emulated);
  emulated.note_exit(5000 * kKib);
  CHECK_FALSE(emulated.peak());

  FakeProc proc;
  const std::uint64_t total = kMixedGuest + kMixedEmulator;
  proc.process(20, total / kKib, total / kKib, kMixed);
  MemoryMeter seen = proc.meter(Execution::emulated);
  REQUIRE(seen.peak());
  std::filesystem::remove_all(proc.folder.path + "/20");
  seen.note_exit(total + 3000 * kKib);
  REQUIRE(seen.peak());
  CHECK(seen.peak()->bytes == kMixedGuest + 3000 * kKib);
}
