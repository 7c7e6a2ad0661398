// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/lifecycle.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace lemu::emulator {
namespace {

template <class State>
struct Row {
  State from;
  LifeEvent event;
  State to;
};

using enum LifeEvent;

constexpr auto kSandboxRows = [] {
  using enum SandboxState;
  return std::to_array<Row<SandboxState>>({
      {opening, sandbox_ready, standing},
      {opening, sandbox_failed, refused},
      {opening, helper_gone, gone},
      {refused, helper_gone, gone},
      {standing, clear, clearing},
      {standing, given_up, lost},
      {standing, helper_gone, gone},
      {clearing, all_gone, standing},
      {clearing, given_up, lost},
      {clearing, helper_gone, gone},
      {lost, clear, clearing},
      {lost, helper_gone, gone},
  });
}();

constexpr auto kProcessRows = [] {
  using enum ProcessState;
  return std::to_array<Row<ProcessState>>({
      {none, start, running},
      {running, exec, running},
      {running, launch_failed, not_launched},
      {running, LifeEvent::exited, ProcessState::exited},
      {running, clear, none},
      {not_launched, LifeEvent::exited, ProcessState::exited},
      {not_launched, clear, none},
      {ProcessState::exited, clear, none},
  });
}();

constexpr auto kPhaseRows = [] {
  using enum LifePhase;
  return std::to_array<Row<LifePhase>>({
      {none, start, init},
      {init, next, waiting},
      {init, LifeEvent::init_error, LifePhase::init_error},
      {init, clear, none},
      {LifePhase::init_error, clear, none},
      {waiting, dispatch, invoking},
      {waiting, answer_withdrawn, invoking},
      {waiting, clear, none},
      {invoking, answer, answered},
      {invoking, clear, none},
      {answered, next, waiting},
      {answered, answer_withdrawn, invoking},
      {answered, clear, none},
  });
}();

template <class State, std::size_t size>
std::optional<State> look_up(const std::array<Row<State>, size>& rows, State from, LifeEvent event) {
  for (const Row<State>& row : rows)
    if (row.from == from && row.event == event) return row.to;
  return std::nullopt;
}

}  // namespace

std::optional<SandboxState> after(SandboxState from, LifeEvent event) {
  return look_up(kSandboxRows, from, event);
}
std::optional<ProcessState> after(ProcessState from, LifeEvent event) {
  return look_up(kProcessRows, from, event);
}
std::optional<LifePhase> after(LifePhase from, LifeEvent event) { return look_up(kPhaseRows, from, event); }

bool Lifecycle::note(LifeEvent event, Time at) {
  const std::optional<SandboxState> sandbox = after(sandbox_, event);
  const std::optional<ProcessState> process = after(process_, event);
  const std::optional<LifePhase> phase = after(phase_, event);
  if (!sandbox && !process && !phase) return false;
  if (event == start || event == exec) exec_at_ = at;
  if (event == next) next_at_ = at;
  if (event == next && phase_ == LifePhase::init) init_done_at_ = at;
  if (event == exited) ended_at_ = at;
  if (event == clear) init_done_at_.reset();
  sandbox_ = sandbox.value_or(sandbox_);
  process_ = process.value_or(process_);
  phase_ = phase.value_or(phase_);
  return true;
}

bool Lifecycle::ended() const {
  return process_ == ProcessState::not_launched || process_ == ProcessState::exited ||
         sandbox_ == SandboxState::gone;
}

PhaseEnd Lifecycle::init_end(Memory memory) const {
  if (warm()) return PhaseEnd::complete;
  const bool failed = ended() || phase_ == LifePhase::init_error || memory == Memory::over_limit;
  return failed ? PhaseEnd::failed : PhaseEnd::timed_out;
}

PhaseEnd Lifecycle::invocation_end(Memory memory) const {
  if (memory == Memory::over_limit) return PhaseEnd::failed;
  if (waiting()) return PhaseEnd::complete;
  return ended() ? PhaseEnd::failed : PhaseEnd::timed_out;
}

Lifecycle::Time Lifecycle::completed_at(Outcome outcome, Time now) const {
  if (waiting() && !(outcome == Outcome::failed && ended())) return next_at_;
  return ended_at(now);
}

std::optional<std::chrono::nanoseconds> Lifecycle::take_init_duration() {
  const std::optional<Time> done = std::exchange(init_done_at_, std::nullopt);
  if (!done) return std::nullopt;
  return *done - exec_at_;
}

}  // namespace lemu::emulator
