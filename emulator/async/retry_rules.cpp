// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/retry_rules.hpp"

#include <algorithm>

namespace lemu::emulator {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kAfterFirstError = 1min;
constexpr milliseconds kAfterLaterErrors = 2min;
// Throttles and failures of the platform: 1 s, doubled each time, up to 5 minutes.
constexpr milliseconds kFirstBackOff = 1s;
constexpr milliseconds kLongestBackOff = 5min;
constexpr std::uint32_t kDoublings = 9;  // 512 s is over the longest

milliseconds scaled(milliseconds time, const RetryRules& rules) {
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * rules.delay_scale));
}

milliseconds age_of(const EventSchedule& schedule, std::int64_t now_ms) {
  return milliseconds(now_ms - schedule.accepted_ms);
}

NextStep given_up_for_age() { return {.kind = NextStep::Kind::dead, .condition = kEventAgeExceeded}; }

/// One that will be too old by then is given up now.
NextStep after(milliseconds delay, const EventSchedule& schedule, std::int64_t now_ms,
               const RetryRules& rules) {
  if (age_of(schedule, now_ms) + delay > rules.max_age) return given_up_for_age();
  return {.kind = NextStep::Kind::again, .delay = delay};
}

/// Its turn may come before: it is given up when it is too old indeed.
NextStep after_throttle(const EventSchedule& schedule, std::int64_t now_ms, const RetryRules& rules) {
  if (too_old(schedule, now_ms, rules)) return given_up_for_age();
  const milliseconds left = rules.max_age - age_of(schedule, now_ms) + milliseconds(1);
  return {.kind = NextStep::Kind::again, .delay = std::min(back_off(schedule.deferrals, rules), left)};
}

}  // namespace

bool too_old(const EventSchedule& schedule, std::int64_t now_ms, const RetryRules& rules) {
  return age_of(schedule, now_ms) > rules.max_age;
}

/// Never nothing: an event would be tried without a pause.
milliseconds back_off(std::uint32_t nth, const RetryRules& rules) {
  const milliseconds time = kFirstBackOff * (1 << std::min(nth - 1, kDoublings));
  return std::max(milliseconds(1), scaled(std::min(kLongestBackOff, time), rules));
}

milliseconds longest_delay(const RetryRules& rules) { return scaled(kLongestBackOff, rules); }

NextStep next_step(EventSchedule& schedule, AsyncOutcome outcome, std::int64_t now_ms,
                   const RetryRules& rules) {
  switch (outcome) {
    case AsyncOutcome::success: ++schedule.attempts; return {};
    case AsyncOutcome::never_allowed:
      return {.kind = NextStep::Kind::dead, .condition = "ZeroReservedConcurrency"};
    case AsyncOutcome::function_error:
      ++schedule.attempts;
      if (schedule.attempts > rules.retries)
        return {.kind = NextStep::Kind::dead, .condition = "RetriesExhausted"};
      return after(scaled(schedule.attempts == 1 ? kAfterFirstError : kAfterLaterErrors, rules), schedule,
                   now_ms, rules);
    case AsyncOutcome::throttled: ++schedule.deferrals; return after_throttle(schedule, now_ms, rules);
    case AsyncOutcome::platform_failure:
      ++schedule.deferrals;
      return after(back_off(schedule.deferrals, rules), schedule, now_ms, rules);
  }
  return {};
}

}  // namespace lemu::emulator
