// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/event_clock.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {

TEST_CASE("time goes on by the monotonic clock, whatever the machine's clock is set to") {
  using namespace std::chrono_literals;
  const EventClock::Steady::time_point start(5s);
  const EventClock clock(EventClock::Wall::time_point(1'700'000'000s + 250ms), start);
  CHECK(clock.unix_ms(start) == 1'700'000'000'250);
  CHECK(clock.unix_ms(start + 1500ms) == 1'700'000'001'750);
}

}  // namespace lemu::emulator
