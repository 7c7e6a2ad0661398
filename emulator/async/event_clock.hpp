// SPDX-License-Identifier: Apache-2.0
// EventClock: Unix time that goes on evenly: read once, then counted by the monotonic clock. A machine whose
// clock is set, or corrected, neither ages asynchronous events nor holds them up. A value; any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace lemu::emulator {

class EventClock {
 public:
  using Wall = std::chrono::system_clock;
  using Steady = std::chrono::steady_clock;

  explicit EventClock(Wall::time_point wall = Wall::now(), Steady::time_point steady = Steady::now())
      : wall_(wall), steady_(steady) {}

  [[nodiscard]] std::int64_t unix_ms(Steady::time_point now = Steady::now()) const {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - steady_);
    return std::chrono::floor<std::chrono::milliseconds>(wall_.time_since_epoch()).count() + since.count();
  }

 private:
  Wall::time_point wall_;
  Steady::time_point steady_;
};

}  // namespace lemu::emulator
