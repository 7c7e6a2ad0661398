// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/memory_looks.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;
using namespace std::chrono_literals;
using Reach = MemoryLooks::Reach;
using Processes = MemoryLooks::Processes;

namespace {

constexpr std::uint64_t kMib = 1 << 20;
constexpr std::uint64_t kLimit = 128 * kMib;

MemoryLooks::Time at(std::chrono::microseconds time) { return MemoryLooks::Time(time); }

/// A look at 1 s.
MemoryLooks after_look(std::optional<std::uint64_t> use, Reach reach = Reach::main_process,
                       std::chrono::microseconds cost = 0us) {
  MemoryLooks looks(kLimit);
  looks.looked({reach, at(1s), at(1s + cost), use});
  return looks;
}

}  // namespace

TEST_CASE("a look is worth it as soon as the function can have gone over its limit, or after 10 ms") {
  struct Case {
    std::optional<std::uint64_t> use;
    std::chrono::microseconds later;
    bool worth;
  };
  const Case cases[] = {
      {std::nullopt, 0us, true},   {kLimit, 0us, true},          {kLimit + 1, 0us, true},
      {kLimit - kMib, 0us, false}, {kLimit - kMib, 31us, false},  // 32 kB in a microsecond
      {kLimit - kMib, 32us, true}, {0, 4095us, false},           {0, 4096us, true},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    CHECK(after_look(c.use).worth_a_look(at(1s + c.later)) == c.worth);
  }
  MemoryLooks large(1024 * kLimit);
  large.looked({Reach::main_process, at(1s), at(1s), 0});
  CHECK_FALSE(large.worth_a_look(at(1s + 9999us)));
  CHECK(large.worth_a_look(at(1s + 10ms)));
}

TEST_CASE("a new process is looked at, whatever the one before used") {
  MemoryLooks looks = after_look(kMib);
  REQUIRE_FALSE(looks.worth_a_look(at(1s)));
  looks.restart();
  CHECK(looks.worth_a_look(at(1s)));

  MemoryLooks over = after_look(kLimit + 1);
  REQUIRE(over.over());
  over.restart();
  CHECK_FALSE(over.over());
}

TEST_CASE("over its limit is only what was measured, and is more than the limit") {
  CHECK_FALSE(after_look(std::nullopt).over());
  CHECK_FALSE(after_look(kLimit).over());
  CHECK(after_look(kLimit + 1).over());
}

TEST_CASE("children are looked for every 10 ms, or as seldom as a look costs; known ones always") {
  struct Case {
    std::chrono::microseconds cost;
    std::size_t watched;
    Processes processes;
    std::chrono::microseconds later;
    Reach due;
  };
  const Case cases[] = {
      {100us, 1, Processes::one, 9999us, Reach::main_process},
      {100us, 1, Processes::one, 10ms, Reach::all_processes},
      {100us, 1, Processes::several, 0us, Reach::all_processes},
      {1ms, 1, Processes::one, 19999us, Reach::main_process},  // a twentieth of the time
      {1ms, 1, Processes::one, 20ms, Reach::all_processes},
      {1ms, 0, Processes::one, 20ms, Reach::all_processes},
      {1ms, 5, Processes::one, 99999us, Reach::main_process},
      {1ms, 5, Processes::one, 100ms, Reach::all_processes},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    MemoryLooks looks = after_look(kMib, Reach::all_processes, c.cost);
    CHECK(looks.due(at(1s + c.later), c.processes, c.watched) == c.due);
    // A look at the main process alone does not put that off.
    looks.looked({Reach::main_process, at(1s + c.later), at(1s + c.later), kMib});
    CHECK(looks.due(at(1s + c.later), c.processes, c.watched) == c.due);
  }
}

TEST_CASE("a poll comes sooner near the limit, and later where looks are costly") {
  CHECK(MemoryLooks::first_pause() == 10ms);
  struct Case {
    std::optional<std::uint64_t> use;
    std::chrono::microseconds cost;
    std::size_t watched;
    std::chrono::milliseconds pause;
  };
  const Case cases[] = {
      {0, 0us, 1, 10ms},           {kLimit / 2, 0us, 1, 10ms},     {kLimit / 2 + 1, 0us, 1, 2ms},
      {std::nullopt, 0us, 1, 2ms}, {kLimit / 2 + 1, 50us, 1, 2ms}, {kLimit / 2 + 1, 1ms, 1, 20ms},
      {0, 1ms, 4, 80ms},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    CHECK(after_look(c.use, Reach::all_processes, c.cost).next_pause(c.watched) == c.pause);
  }
}

TEST_CASE("a look tells the truth for a moment") {
  const MemoryLooks looks = after_look(kMib);
  CHECK(looks.fresh(at(1s + 19us)));
  CHECK_FALSE(looks.fresh(at(1s + 20us)));
}

TEST_CASE("QEMU's share is taken at once from a new process, then every 250 ms") {
  MemoryLooks looks(kLimit);
  CHECK(looks.take_share(at(1s)));
  CHECK_FALSE(looks.take_share(at(1s + 249ms)));
  CHECK(looks.take_share(at(1s + 250ms)));
  CHECK_FALSE(looks.take_share(at(1s + 251ms)));
  looks.restart();
  CHECK(looks.take_share(at(1s + 251ms)));
}
