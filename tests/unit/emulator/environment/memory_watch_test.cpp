// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/memory_watch.hpp"

#include <doctest/doctest.h>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::emulator;
using lemu::qemu::test::stat_text;
using lemu::qemu::test::TemporaryFolder;

namespace {

constexpr pid_t kHelper = 10;
constexpr pid_t kRuntime = 20;
constexpr std::uint64_t kKib = 1024;

/// A watch over process 20 below the helper 10, in a /proc of files. Its limit is 10,000 KiB.
struct Bench {
  TemporaryFolder proc;
  boost::asio::io_context context{1};
  EnvironmentHost host{EnvironmentHost::Environments::one};
  int exceeded = 0;
  MemoryWatch watch{
      context, host, {.helper = kHelper, .limit = 10'000 * kKib, .proc = proc.path}, [this] { ++exceeded; }};

  Bench() { proc.add("10/stat", stat_text(kHelper, "lemu-sandbox", 1, 1), 0644); }

  void use(std::uint64_t kib) const {
    const std::string memory = std::to_string(kib) + " kB\n";
    proc.add("20/stat", stat_text(kRuntime, "bootstrap", kHelper, kRuntime), 0644);
    proc.add("20/status", "Name:\tbootstrap\nVmHWM:\t" + memory + "VmRSS:\t" + memory + "RssAnon:\t" + memory,
             0644);
  }
};

}  // namespace

TEST_CASE("a watch without a process has no figure, and says why") {
  Bench bench;
  CHECK_FALSE(bench.watch.check_now());
  CHECK_FALSE(bench.watch.figure().has_value());
  CHECK(bench.watch.why_absent() == "the runtime process never ran");
}

TEST_CASE("a function over its limit is reported once") {
  struct Case {
    std::uint64_t kib;
    bool over;
  };
  for (const Case& c : {Case{9'999, false}, Case{10'000, false}, Case{10'001, true}}) {
    CAPTURE(c.kib);
    Bench bench;
    bench.use(c.kib);
    bench.watch.watch_process(kRuntime);
    CHECK(bench.watch.check_now() == c.over);
    CHECK(bench.watch.over_limit() == c.over);
    CHECK(bench.watch.check_now() == c.over);
    CHECK(bench.exceeded == (c.over ? 1 : 0));
    const std::optional<MemoryFigure> figure = bench.watch.figure();
    REQUIRE(figure);
    CHECK(figure->bytes == c.kib * kKib);
    CHECK(figure->method == MemoryMethod::exact);
  }
}

TEST_CASE("the memory of a process that has ended counts") {
  Bench bench;
  bench.use(5'000);
  bench.watch.watch_process(kRuntime);
  CHECK_FALSE(bench.watch.check_now());
  std::filesystem::remove_all(bench.proc.path + "/20");
  bench.watch.note_exit(8'000 * kKib);
  const std::optional<MemoryFigure> figure = bench.watch.figure();
  REQUIRE(figure);
  CHECK(figure->bytes == 8'000 * kKib);
}

TEST_CASE("the next process starts with a figure of its own") {
  Bench bench;
  bench.use(20'000);
  bench.watch.watch_process(kRuntime);
  REQUIRE(bench.watch.check_now());
  bench.watch.forget_process();
  CHECK_FALSE(bench.watch.over_limit());
  CHECK_FALSE(bench.watch.figure().has_value());

  bench.use(3'000);
  bench.watch.watch_process(kRuntime);
  CHECK_FALSE(bench.watch.check_now());
  const std::optional<MemoryFigure> figure = bench.watch.figure();
  REQUIRE(figure);
  CHECK(figure->bytes == 3'000 * kKib);
  CHECK(bench.exceeded == 1);
}

TEST_CASE("an environment is counted as watched from its init or invocation to the end of that") {
  Bench bench;
  bench.use(1'000);
  CHECK(bench.host.watched == 0);
  bench.watch.watch_process(kRuntime);
  CHECK(bench.host.watched == 1);
  bench.watch.begin();
  CHECK(bench.host.watched == 1);
  bench.watch.rest();
  bench.watch.rest();
  CHECK(bench.host.watched == 0);
  {
    MemoryWatch other(bench.context, bench.host, {.helper = kHelper, .limit = kKib, .proc = bench.proc.path},
                      [] {});
    other.begin();
    CHECK(bench.host.watched == 1);
  }
  CHECK(bench.host.watched == 0);
}
