// SPDX-License-Identifier: Apache-2.0
#include "qemu/guest_memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "qemu/proc_text.hpp"
#include "tests/unit/qemu/elf_files.hpp"
#include "tests/unit/qemu/smaps_text.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::Fd;
using lemu::Result;

namespace {

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
      kMixed + mapping("600000000000-700000000000 rw-p 00000000 00:00 0 [heap]", kMixedEmulator / kKib);
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

TEST_CASE(
    "many processes are added by what each has beyond the main one, and closely where that may be wrong") {
  // Copies of the main process, alike but for a little.
  FakeProc proc;
  proc.process(20, 100, 100, "");
  for (pid_t pid = 21; pid < 41; ++pid) proc.process(pid, 110, 110, "");
  MemoryMeter copies({.main = 20, .helper = 10, .proc = proc.folder.path, .limit = 1 << 30});
  CHECK(copies.peak()->bytes == (50 + 20 * 55) * kKib);
  CHECK(copies.peak()->how == Obtained::sampled);
  // Nothing more can be learned from the same.
  std::filesystem::remove(proc.folder.path + "/21/smaps_rollup");
  CHECK(copies.peak()->bytes == (50 + 20 * 55) * kKib);

  // They grew after they were made, and so did the main process.
  FakeProc grown;
  for (pid_t pid = 20; pid < 41; ++pid) grown.process(pid, 8000, 8000, "");
  MemoryMeter late({.main = 20, .helper = 10, .proc = grown.folder.path, .limit = 1 << 30});
  CHECK(late.peak()->bytes == 21 * 4000 * kKib);

  // One of them holds shared memory only.
  FakeProc shared;
  for (pid_t pid = 20; pid < 41; ++pid) shared.process(pid, 100, 100, "");
  shared.folder.add("40/status",
                    "VmHWM:\t600000 kB\nVmRSS:\t600000 kB\nRssAnon:\t9 kB\nRssShmem:\t600000 kB\n", 0644);
  shared.folder.add("40/smaps_rollup", "Rss: 600000 kB\nPss: 600000 kB\n", 0644);
  MemoryMeter one({.main = 20, .helper = 10, .proc = shared.folder.path, .limit = 1 << 30});
  CHECK(one.peak()->bytes >= 600000 * kKib);
}

TEST_CASE("what cannot be looked into is the function's") {
  for (const Execution execution : {Execution::native, Execution::emulated}) {
    FakeProc proc;
    proc.process(20, 8000, 9000, kMixed);
    proc.process(21, 40000, 40000, "");
    for (const char* name : {"20/smaps", "21/smaps", "21/smaps_rollup"})
      std::filesystem::remove(proc.folder.path + "/" + name);
    MemoryMeter meter = proc.meter(execution);
    REQUIRE(meter.peak());
    CHECK(meter.peak()->bytes >= 40000 * kKib);
    CHECK(meter.at_most().value() >= 40000 * kKib);
  }
}

TEST_CASE("of a process whose first thread has ended another is asked") {
  for (const Execution execution : {Execution::native, Execution::emulated}) {
    FakeProc proc;
    proc.process(20, 1000, 1000, kMixed);
    proc.process(21, 0, 0, "");
    proc.folder.add("21/status", "Name:\tleft\nState:\tZ (zombie)\nThreads:\t2\n", 0644);
    proc.folder.add("21/smaps_rollup", "", 0644);
    proc.folder.add("21/task/22/status", "VmHWM:\t70000 kB\nVmRSS:\t70000 kB\n", 0644);
    proc.folder.add("21/task/22/smaps", mapping("1000-2000 rw-p 0 00:00 0 ", 140000), 0644);
    proc.folder.add("21/task/22/smaps_rollup", "Pss: 70000 kB\n", 0644);
    MemoryMeter meter = proc.meter(execution);
    REQUIRE(meter.peak());
    CHECK(meter.peak()->bytes >= 70000 * kKib);
  }
}

TEST_CASE("what is swapped out, and huge pages, count") {
  FakeProc proc;
  proc.process(20, 8000, 9000, "");
  proc.folder.add("20/status",
                  "VmHWM:\t9000 kB\nVmRSS:\t8000 kB\nVmSwap:\t70000 kB\nHugetlbPages:\t4096 kB\n", 0644);
  MemoryMeter meter = proc.meter(Execution::native);
  CHECK(meter.peak()->bytes == (8000 + 70000 + 4096) * kKib);
}

TEST_CASE("QEMU's share is measured anew where it is doubted and pages have come since") {
  FakeProc proc;
  const std::uint64_t total = (kMixedGuest + kMixedEmulator) / kKib;
  const std::string pumped =
      kMixed + mapping("600000000000-600004000000 r--p 0 fe:00 12 /usr/bin/qemu-aarch64", 20000);
  proc.process(20, total + 20000, total + 20000, pumped);
  proc.pages(20, "500", "2", "2000");
  MemoryMeter meter = proc.meter(Execution::emulated);
  CHECK(meter.peak()->bytes == kMixedGuest);
  // The pages of QEMU's file are given back, and as many taken: the mark does not rise.
  proc.process(20, total + 20000, total + 20000,
               kMixed + mapping("600000000000-600004000000 rw-p 0 00:00 0 ", 20000));
  proc.pages(20, "501", "2", "2000");
  CHECK(meter.peak()->bytes == kMixedGuest);
  meter.doubt();
  CHECK(meter.peak()->bytes == kMixedGuest + 20000 * kKib);
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

TEST_CASE("a process whose mappings cannot be read in time holds nobody up, and hides nothing of its own") {
  FakeProc proc;
  proc.process(20, 10'000, 10'000, "");
  proc.process(21, 600'000, 600'000, "");
  proc.folder.add("21/stat", stat_text(21, "child", 20, 21), 0644);
  const std::string rollup = proc.folder.path + "/21/smaps_rollup";
  REQUIRE(::unlink(rollup.c_str()) == 0);
  REQUIRE(::mkfifo(rollup.c_str(), 0600) == 0);
  MemoryMeter meter = proc.meter(Execution::native);
  const Result<MemoryFigure> peak = meter.peak();
  REQUIRE(peak);
  CHECK(peak->bytes == 600'000 * kKib);
  const Fd writer(::open(rollup.c_str(), O_WRONLY | O_CLOEXEC));  // lets the reader's thread end
  CHECK(writer.valid());
}
