// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/lifecycle.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <vector>

using namespace lemu::emulator;
using namespace std::chrono_literals;
using Memory = Lifecycle::Memory;
using Outcome = Lifecycle::Outcome;

namespace {

constexpr std::array kEvents{LifeEvent::sandbox_ready, LifeEvent::sandbox_failed, LifeEvent::helper_gone,
                             LifeEvent::start,         LifeEvent::exec,           LifeEvent::launch_failed,
                             LifeEvent::exited,        LifeEvent::next,           LifeEvent::init_error,
                             LifeEvent::dispatch,      LifeEvent::answer,         LifeEvent::answer_withdrawn,
                             LifeEvent::clear,         LifeEvent::all_gone,       LifeEvent::given_up};

/// What a state does: where each event leads. An event that is not listed leads nowhere.
template <class State>
struct Row {
  State from;
  struct Step {
    LifeEvent event;
    State to;
  };
  std::vector<Step> steps;

  [[nodiscard]] std::optional<State> after(LifeEvent event) const {
    for (const Step& step : steps)
      if (step.event == event) return step.to;
    return std::nullopt;
  }
};

template <class State>
void check_table(const std::vector<Row<State>>& rows) {
  for (const Row<State>& row : rows)
    for (const LifeEvent event : kEvents) {
      CAPTURE(static_cast<int>(row.from));
      CAPTURE(static_cast<int>(event));
      CHECK(after(row.from, event) == row.after(event));
    }
}

Lifecycle::Time at(std::chrono::milliseconds since_the_start) { return Lifecycle::Time(since_the_start); }

Lifecycle after_events(std::initializer_list<LifeEvent> events) {
  Lifecycle life;
  life.note(LifeEvent::sandbox_ready);
  for (const LifeEvent event : events) life.note(event);
  return life;
}

}  // namespace

TEST_CASE("every event in every state of the sandbox leads where the table says") {
  using enum LifeEvent;
  using enum SandboxState;
  check_table<SandboxState>({
      {opening, {{sandbox_ready, standing}, {sandbox_failed, refused}, {helper_gone, gone}}},
      {refused, {{helper_gone, gone}}},
      {standing, {{clear, clearing}, {given_up, lost}, {helper_gone, gone}}},
      {clearing, {{all_gone, standing}, {given_up, lost}, {helper_gone, gone}}},
      {lost, {{clear, clearing}, {helper_gone, gone}}},
      {gone, {}},
  });
}

TEST_CASE("every event in every state of the process leads where the table says") {
  using enum ProcessState;
  check_table<ProcessState>({
      {none, {{LifeEvent::start, running}}},
      {running,
       {{LifeEvent::exec, running},
        {LifeEvent::launch_failed, not_launched},
        {LifeEvent::exited, exited},
        {LifeEvent::clear, none}}},
      {not_launched, {{LifeEvent::exited, exited}, {LifeEvent::clear, none}}},
      {exited, {{LifeEvent::clear, none}}},
  });
}

TEST_CASE("every event in every phase leads where the table says") {
  using enum LifePhase;
  check_table<LifePhase>({
      {none, {{LifeEvent::start, init}}},
      {init, {{LifeEvent::next, waiting}, {LifeEvent::init_error, init_error}, {LifeEvent::clear, none}}},
      {init_error, {{LifeEvent::clear, none}}},
      {waiting,
       {{LifeEvent::dispatch, invoking}, {LifeEvent::answer_withdrawn, invoking}, {LifeEvent::clear, none}}},
      {invoking, {{LifeEvent::answer, answered}, {LifeEvent::clear, none}}},
      {answered,
       {{LifeEvent::next, waiting}, {LifeEvent::answer_withdrawn, invoking}, {LifeEvent::clear, none}}},
  });
}

TEST_CASE("an init is decided by the first next, or by what ends it") {
  using enum LifeEvent;
  struct Case {
    std::vector<LifeEvent> after_start;
    Memory memory;
    PhaseEnd end;
  };
  const Case cases[] = {
      {{}, Memory::within_limit, PhaseEnd::timed_out},
      {{exec}, Memory::within_limit, PhaseEnd::timed_out},
      {{exec}, Memory::over_limit, PhaseEnd::failed},
      {{exec, next}, Memory::within_limit, PhaseEnd::complete},
      {{next, exec}, Memory::within_limit, PhaseEnd::complete},
      {{exec, next}, Memory::over_limit, PhaseEnd::complete},
      {{exec, init_error}, Memory::within_limit, PhaseEnd::failed},
      {{exec, init_error, exited}, Memory::within_limit, PhaseEnd::failed},
      {{launch_failed}, Memory::within_limit, PhaseEnd::failed},
      {{exec, exited}, Memory::within_limit, PhaseEnd::failed},
      {{exec, next, exited}, Memory::within_limit, PhaseEnd::failed},
      {{exec, exited, next}, Memory::within_limit, PhaseEnd::failed},
      {{exec, helper_gone}, Memory::within_limit, PhaseEnd::failed},
      {{exec, next, helper_gone}, Memory::within_limit, PhaseEnd::failed},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    Lifecycle life = after_events({start});
    for (const LifeEvent event : c.after_start) life.note(event);
    CHECK(life.init_end(c.memory) == c.end);
  }
}

TEST_CASE("an invocation is decided by the next after the answer, or by what ends it") {
  using enum LifeEvent;
  struct Case {
    std::vector<LifeEvent> after_dispatch;
    Memory memory;
    PhaseEnd end;
    bool answered;
    bool warm;
  };
  const Case cases[] = {
      {{}, Memory::within_limit, PhaseEnd::timed_out, false, false},
      {{}, Memory::over_limit, PhaseEnd::failed, false, false},
      {{exited}, Memory::within_limit, PhaseEnd::failed, false, false},
      {{helper_gone}, Memory::within_limit, PhaseEnd::failed, false, false},
      {{answer}, Memory::within_limit, PhaseEnd::timed_out, true, false},
      {{answer}, Memory::over_limit, PhaseEnd::failed, true, false},
      {{answer, next}, Memory::within_limit, PhaseEnd::complete, true, true},
      {{answer, next}, Memory::over_limit, PhaseEnd::failed, true, true},
      {{answer, exited}, Memory::within_limit, PhaseEnd::failed, true, false},
      {{answer, helper_gone}, Memory::within_limit, PhaseEnd::failed, true, false},
      // What was said before the end counts, whichever of the two lemu hears first.
      {{answer, next, exited}, Memory::within_limit, PhaseEnd::complete, true, false},
      {{exited, answer}, Memory::within_limit, PhaseEnd::failed, true, false},
      {{exited, answer, next}, Memory::within_limit, PhaseEnd::complete, true, false},
      {{answer, exited, answer_withdrawn}, Memory::within_limit, PhaseEnd::failed, false, false},
      {{answer, next, exited, answer_withdrawn}, Memory::within_limit, PhaseEnd::failed, false, false},
      {{next}, Memory::within_limit, PhaseEnd::timed_out, false, false},
      {{dispatch}, Memory::within_limit, PhaseEnd::timed_out, false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    Lifecycle life = after_events({start, exec, next, dispatch});
    for (const LifeEvent event : c.after_dispatch) life.note(event);
    CHECK(life.invocation_end(c.memory) == c.end);
    CHECK(life.answered() == c.answered);
    CHECK(life.warm() == c.warm);
  }
}

TEST_CASE("an event without a row changes nothing") {
  Lifecycle life = after_events({LifeEvent::start});
  CHECK_FALSE(life.note(LifeEvent::answer));
  CHECK_FALSE(life.note(LifeEvent::sandbox_ready));
  CHECK_FALSE(life.note(LifeEvent::all_gone));
  CHECK(life.phase() == LifePhase::init);
  CHECK(life.process() == ProcessState::running);
  CHECK(life.sandbox() == SandboxState::standing);
}

TEST_CASE("the init's duration runs from the exec to the first next, and is given once") {
  Lifecycle life = after_events({});
  life.note(LifeEvent::start, at(10ms));
  life.note(LifeEvent::exec, at(15ms));
  CHECK_FALSE(life.take_init_duration().has_value());
  life.note(LifeEvent::next, at(40ms));
  CHECK(life.take_init_duration() == 25ms);
  CHECK_FALSE(life.take_init_duration().has_value());

  life.note(LifeEvent::dispatch, at(50ms));
  life.note(LifeEvent::answer, at(60ms));
  life.note(LifeEvent::next, at(70ms));
  CHECK_FALSE(life.take_init_duration().has_value());
}

TEST_CASE("the init's duration does not depend on the order in which lemu hears") {
  Lifecycle life = after_events({});
  life.note(LifeEvent::start, at(10ms));
  life.note(LifeEvent::next, at(40ms));
  life.note(LifeEvent::exec, at(15ms));
  CHECK(life.take_init_duration() == 25ms);
}

TEST_CASE("the duration of an init that was undone is not reported") {
  Lifecycle life = after_events({LifeEvent::start, LifeEvent::exec, LifeEvent::next, LifeEvent::clear});
  CHECK_FALSE(life.take_init_duration().has_value());
}

TEST_CASE("an invocation was over at the runtime's next, or at its end where it failed by that") {
  using enum LifeEvent;
  struct Case {
    std::vector<LifeEvent> events;  // one every 10 ms, the first at 10 ms
    Outcome outcome;
    std::chrono::milliseconds over;
  };
  constexpr auto now = 1000ms;
  const Case cases[] = {
      {{answer, next}, Outcome::good, 20ms},
      {{answer, next}, Outcome::failed, 20ms},
      {{answer, next, exited}, Outcome::good, 20ms},
      {{answer, next, exited}, Outcome::failed, 30ms},
      {{answer, exited}, Outcome::failed, 20ms},
      {{exited}, Outcome::failed, 10ms},
      {{answer}, Outcome::failed, now},
      {{helper_gone}, Outcome::failed, now},
      {{answer, next, helper_gone}, Outcome::failed, now},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    Lifecycle life = after_events({start, exec, next, dispatch});
    auto time = 0ms;
    for (const LifeEvent event : c.events) life.note(event, at(time += 10ms));
    CHECK(life.completed_at(c.outcome, at(now)) == at(c.over));
  }
}

TEST_CASE("a cleared sandbox takes a new process; one that was given up is lost") {
  using enum LifeEvent;
  Lifecycle life = after_events({start, exec, exited, clear});
  CHECK_FALSE(life.started());
  CHECK_FALSE(life.ended());
  CHECK_FALSE(life.lost());
  life.note(all_gone);
  CHECK(life.sandbox() == SandboxState::standing);
  life.note(start);
  CHECK(life.phase() == LifePhase::init);

  Lifecycle stuck = after_events({start, clear, given_up});
  CHECK(stuck.lost());
  stuck.note(all_gone);
  CHECK(stuck.lost());
  stuck.note(start);
  CHECK(stuck.phase() == LifePhase::init);
  CHECK(stuck.lost());

  CHECK(after_events({start, clear, all_gone, given_up}).lost());
  CHECK(after_events({start, helper_gone}).lost());
  CHECK(after_events({start, helper_gone, clear, given_up}).lost());
}

TEST_CASE("a process that is started where the helper is gone has ended") {
  const Lifecycle life = after_events({LifeEvent::helper_gone, LifeEvent::start});
  CHECK(life.started());
  CHECK(life.ended());
  CHECK(life.init_end(Memory::within_limit) == PhaseEnd::failed);
}
