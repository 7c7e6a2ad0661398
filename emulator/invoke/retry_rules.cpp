// SPDX-License-Identifier: Apache-2.0
#include "emulator/invoke/retry_rules.hpp"

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

milliseconds back_off(std::uint32_t deferrals) {
  return std::min(kLongestBackOff, kFirstBackOff * (1 << std::min(deferrals - 1, kDoublings)));
}

milliseconds scaled(milliseconds time, const RetryRules& rules) {
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * rules.delay_scale));
}

NextStep after(milliseconds delay, const EventSchedule& schedule, std::int64_t now_ms,
               const RetryRules& rules) {
  delay = scaled(delay, rules);
  const milliseconds age = milliseconds(now_ms - schedule.accepted_ms) + delay;
  if (age > scaled(rules.max_age, rules))
    return {.kind = NextStep::Kind::dead, .condition = "EventAgeExceeded"};
  return {.kind = NextStep::Kind::again, .delay = delay};
}

}  // namespace

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
      return after(schedule.attempts == 1 ? kAfterFirstError : kAfterLaterErrors, schedule, now_ms, rules);
    case AsyncOutcome::throttled:
    case AsyncOutcome::platform_failure:
      ++schedule.deferrals;
      return after(back_off(schedule.deferrals), schedule, now_ms, rules);
  }
  return {};
}

}  // namespace lemu::emulator
