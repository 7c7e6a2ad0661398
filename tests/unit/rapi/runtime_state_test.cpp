// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_state.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace lemu::rapi;

namespace {

using enum RuntimePhase;
constexpr std::array kPhases{
    started, init_error, ready, running, invocation_response, invocation_error_response, response_sent};
constexpr std::array kCalls{RuntimeCall::next,  RuntimeCall::event_taken,  RuntimeCall::response,
                            RuntimeCall::error, RuntimeCall::answer_taken, RuntimeCall::init_error};

Event event(std::string id) {
  Event made;
  made.request_id = std::move(id);
  return made;
}

RuntimeState in_work(const std::string& id) {
  RuntimeState state;
  state.next();
  state.dispatch(event(id));
  state.delivered();
  return state;
}

}  // namespace

TEST_CASE("every call in every phase leads where the table says") {
  constexpr std::optional<RuntimePhase> no;
  struct Row {
    RuntimePhase from;
    std::array<std::optional<RuntimePhase>, 6> to;  // in the order of kCalls
  };
  const std::array<Row, 7> rows{{
      // next, event_taken, response, error, answer_taken, init_error
      {started, {ready, no, no, no, no, init_error}},
      {init_error, {no, no, no, no, no, no}},
      {ready, {ready, running, no, no, no, no}},
      {running, {running, no, invocation_response, invocation_error_response, no, no}},
      {invocation_response, {no, no, no, no, response_sent, no}},
      {invocation_error_response, {no, no, no, no, response_sent, no}},
      {response_sent, {ready, no, no, no, no, no}},
  }};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    REQUIRE(rows[r].from == kPhases[r]);
    for (std::size_t c = 0; c < kCalls.size(); ++c) {
      CAPTURE(name_of(rows[r].from));
      CAPTURE(c);
      CHECK(after(rows[r].from, kCalls[c]) == rows[r].to[c]);
    }
  }
}

TEST_CASE("a refusal names both states as the platform does") {
  CHECK(refusal_message(response_sent, RuntimeCall::response) ==
        "State transition from RuntimeResponseSentState to InvocationResponse failed for runtime. "
        "Error: State transition is not allowed");
  CHECK(refusal_message(started, RuntimeCall::error) ==
        "State transition from Started to InvocationErrorResponse failed for runtime. "
        "Error: State transition is not allowed");
  CHECK(
      refusal_message(ready, RuntimeCall::init_error) ==
      "State transition from Ready to InitError failed for runtime. Error: State transition is not allowed");
}

TEST_CASE("an answered id is a wrong state until next, and a wrong id after it") {
  RuntimeState state = in_work("a");
  CHECK(state.begin_response("other") == RuntimeState::Answer::unknown_id);
  CHECK(state.begin_response("") == RuntimeState::Answer::unknown_id);
  CHECK(state.begin_response("a") == RuntimeState::Answer::accepted);
  CHECK(state.begin_error("a") == RuntimeState::Answer::refused);
  CHECK(state.answer_ended("a") == RuntimeState::Ended::answered);
  CHECK(state.begin_response("a") == RuntimeState::Answer::refused);
  CHECK(state.next() == RuntimeState::Next::first_wait);
  CHECK(state.begin_response("a") == RuntimeState::Answer::unknown_id);
}

TEST_CASE("next gives the unanswered event again, and waits otherwise") {
  RuntimeState state;
  CHECK(state.next() == RuntimeState::Next::first_wait);
  CHECK(state.next() == RuntimeState::Next::still_waits);
  CHECK(state.to_deliver() == nullptr);
  state.dispatch(event("a"));
  REQUIRE(state.to_deliver() != nullptr);
  CHECK(state.to_deliver()->request_id == "a");
  CHECK(state.next() ==
        RuntimeState::Next::still_waits);  // an event that could not be written is still to deliver
  state.delivered();
  CHECK(state.to_deliver() == nullptr);
  CHECK(state.next() == RuntimeState::Next::same_again);
  REQUIRE(state.in_work() != nullptr);
  CHECK(state.in_work()->request_id == "a");
}

TEST_CASE("an event may come before the runtime is ready for it") {
  RuntimeState state;
  state.dispatch(event("a"));
  CHECK(state.to_deliver() == nullptr);
  CHECK(state.begin_response("a") == RuntimeState::Answer::refused);
  CHECK(state.next() == RuntimeState::Next::first_wait);
  REQUIRE(state.to_deliver() != nullptr);

  state.delivered();
  CHECK(state.begin_error("a") == RuntimeState::Answer::accepted);
  CHECK(state.answer_ended("a") == RuntimeState::Ended::answered);
  state.dispatch(event("b"));
  CHECK(state.begin_response("a") == RuntimeState::Answer::refused);
  CHECK(state.next() == RuntimeState::Next::first_wait);
  CHECK(state.begin_response("a") == RuntimeState::Answer::unknown_id);
  REQUIRE(state.to_deliver() != nullptr);
  CHECK(state.to_deliver()->request_id == "b");
}

TEST_CASE("init/error is legal only before the first next, and final") {
  RuntimeState state;
  CHECK(state.init_error() == RuntimeState::Answer::accepted);
  CHECK(state.init_error() == RuntimeState::Answer::refused);
  CHECK(state.next() == RuntimeState::Next::refused);
  state.restart();
  CHECK(state.next() == RuntimeState::Next::first_wait);
  CHECK(state.init_error() == RuntimeState::Answer::refused);
}

TEST_CASE("an abandoned invocation's id is unknown, and the runtime may go on") {
  RuntimeState working = in_work("a");
  working.abandon();
  CHECK(working.begin_response("a") == RuntimeState::Answer::unknown_id);
  CHECK(working.next() == RuntimeState::Next::first_wait);

  RuntimeState answering = in_work("a");
  REQUIRE(answering.begin_response("a") == RuntimeState::Answer::accepted);
  answering.abandon();
  CHECK(answering.answer_ended("a") == RuntimeState::Ended::no_longer_wanted);
  CHECK(answering.next() == RuntimeState::Next::first_wait);

  RuntimeState waiting;
  waiting.next();
  waiting.dispatch(event("a"));
  waiting.abandon();
  CHECK(waiting.to_deliver() == nullptr);
  CHECK(waiting.phase() == ready);
}
