// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/retry_rules.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {
namespace {

using namespace std::chrono_literals;
using Kind = NextStep::Kind;

EventSchedule accepted_at(std::int64_t ms) {
  return {.request_id = "id", .function = "f", .accepted_ms = ms};
}

}  // namespace

TEST_CASE("errors of the function: two retries, after one minute and two") {
  EventSchedule event = accepted_at(0);
  NextStep step = next_step(event, AsyncOutcome::function_error, 0, {});
  CHECK(step.kind == Kind::again);
  CHECK(step.delay == 1min);
  step = next_step(event, AsyncOutcome::function_error, 60'000, {});
  CHECK(step.kind == Kind::again);
  CHECK(step.delay == 2min);
  step = next_step(event, AsyncOutcome::function_error, 180'000, {});
  CHECK(step.kind == Kind::dead);
  CHECK(step.condition == "RetriesExhausted");
  CHECK(event.attempts == 3);
}

TEST_CASE("as many retries as configured") {
  EventSchedule event = accepted_at(0);
  CHECK(next_step(event, AsyncOutcome::function_error, 0, {.retries = 0}).kind == Kind::dead);
}

TEST_CASE("throttles back off from 1 s to 5 minutes and are no attempts") {
  EventSchedule event = accepted_at(0);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s}) {
    const NextStep step = next_step(event, AsyncOutcome::throttled, 0, {});
    CHECK(step.kind == Kind::again);
    CHECK(step.delay == expected);
  }
  CHECK(event.attempts == 0);
  CHECK(event.deferrals == 11);
}

TEST_CASE("an event that would be too old by its retry is given up") {
  EventSchedule event = accepted_at(1'000);
  const RetryRules rules{.max_age = 2min};
  CHECK(next_step(event, AsyncOutcome::function_error, 61'000, rules).kind == Kind::again);
  const NextStep step = next_step(event, AsyncOutcome::function_error, 61'000, rules);
  CHECK(step.kind == Kind::dead);
  CHECK(step.condition == "EventAgeExceeded");
}

TEST_CASE("one that is throttled may have its turn as long as it is not too old") {
  EventSchedule event = accepted_at(1'000);
  const RetryRules minute{.max_age = 1min};
  event.deferrals = 5;
  const NextStep step = next_step(event, AsyncOutcome::throttled, 60'000, minute);
  CHECK(step.kind == Kind::again);
  CHECK(step.delay == 1'001ms);  // and not the back-off's 32 s
  CHECK_FALSE(too_old(event, 61'000, minute));
  CHECK(too_old(event, 61'001, minute));
  CHECK(next_step(event, AsyncOutcome::throttled, 61'001, minute).condition == "EventAgeExceeded");
}

TEST_CASE("the scale stretches the delays and not the age") {
  EventSchedule event = accepted_at(0);
  const RetryRules fast{.delay_scale = 0.001};
  CHECK(next_step(event, AsyncOutcome::function_error, 0, fast).delay == 60ms);
  CHECK(next_step(event, AsyncOutcome::throttled, 21'600'000, fast).kind == Kind::again);
  CHECK(next_step(event, AsyncOutcome::throttled, 21'600'001, fast).kind == Kind::dead);
  CHECK(back_off(1, {.delay_scale = 0.0001}) == 1ms);  // never without a pause
}

TEST_CASE("no retry after success, nor where nothing may run") {
  EventSchedule event = accepted_at(0);
  CHECK(next_step(event, AsyncOutcome::success, 0, {}).kind == Kind::done);
  const NextStep step = next_step(event, AsyncOutcome::never_allowed, 0, {});
  CHECK(step.kind == Kind::dead);
  CHECK(step.condition == "ZeroReservedConcurrency");
}

}  // namespace lemu::emulator
