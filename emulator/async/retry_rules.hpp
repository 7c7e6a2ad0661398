// SPDX-License-Identifier: Apache-2.0
// RetryRules: what Lambda does with an asynchronous event after each outcome ("How Lambda handles errors and
// retries with asynchronous invocation"). Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "emulator/async/journal.hpp"

namespace lemu::emulator {

enum class AsyncOutcome {
  success,
  function_error,    ///< timeouts too
  throttled,         ///< no concurrency was left
  platform_failure,  ///< the function could not be run
  never_allowed,     ///< its reserved concurrency is 0
};

struct RetryRules {
  std::uint32_t retries = 2;
  std::chrono::milliseconds max_age = std::chrono::hours(6);
  double delay_scale = 1;  ///< of the delays, not of the age
};

struct NextStep {
  enum class Kind { done, again, dead } kind = Kind::done;
  std::chrono::milliseconds delay{0};  ///< until `again`
  std::string_view condition = {};     ///< for `dead`: the word of a destination's record
};

/// The condition of an event that was given up for its age.
inline constexpr std::string_view kEventAgeExceeded = "EventAgeExceeded";

/// May not run any more.
[[nodiscard]] bool too_old(const EventSchedule& schedule, std::int64_t now_ms, const RetryRules& rules);

/// How long Lambda waits after the nth throttle, or failure of the platform, in a row.
[[nodiscard]] std::chrono::milliseconds back_off(std::uint32_t nth, const RetryRules& rules);

/// No event waits longer for its next attempt.
[[nodiscard]] std::chrono::milliseconds longest_delay(const RetryRules& rules);

/// Counts the outcome in `schedule` and decides.
[[nodiscard]] NextStep next_step(EventSchedule& schedule, AsyncOutcome outcome, std::int64_t now_ms,
                                 const RetryRules& rules);

}  // namespace lemu::emulator
