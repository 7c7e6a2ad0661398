// SPDX-License-Identifier: Apache-2.0
// Lifecycle: how far an execution environment has come, without any I/O. It knows the state of the sandbox,
// of the runtime process and of the conversation with the runtime. Each change of state is a row of a table
// in lifecycle.cpp; a new phase is a value here and its rows there. Times are passed in. A plain value;
// ExecutionEnvironment owns one.
//
// The phases are Lambda's ("Lambda execution environment lifecycle", AWS Lambda Developer Guide).
#pragma once

#include <chrono>
#include <optional>

namespace lemu::emulator {

enum class SandboxState {
  opening,   ///< the helper makes the sandbox
  refused,   ///< a step of that failed
  standing,  ///< a runtime process can be started in it
  clearing,  ///< every process of the function is being killed
  lost,      ///< the helper is there, but no new process can be expected of it
  gone,      ///< the helper has ended
};

enum class ProcessState {
  none,
  running,
  not_launched,  ///< the program could not be executed
  exited,
};

/// How far the conversation with the runtime has come. What a process said just before its end counts, so
/// the conversation goes on after the process has ended.
enum class LifePhase {
  none,        ///< there is no runtime process
  init,        ///< it was started, and has not asked for an event
  init_error,  ///< it has reported that it cannot start
  waiting,     ///< it waits in `next`: the init, or an invocation, is complete
  invoking,    ///< it has an event, and has not answered
  answered,    ///< it has answered, and has not come back to `next`
};

enum class LifeEvent {
  sandbox_ready,   ///< the helper reports that the sandbox stands
  sandbox_failed,  ///< or that it cannot be made
  helper_gone,
  start,             ///< lemu has a runtime process started
  exec,              ///< the process is about to execute the program
  launch_failed,     ///< it could not
  exited,            ///< the process has ended
  next,              ///< the runtime asks for an event
  init_error,        ///< it reports that it cannot start
  dispatch,          ///< lemu gives it an event
  answer,            ///< it has answered, by a response or an error
  answer_withdrawn,  ///< the answer broke off as the process ended: it does not count
  clear,             ///< lemu has every process of the function killed
  all_gone,          ///< the helper reports that none is left
  given_up,          ///< lemu expects nothing of this sandbox any more
};

/// The state that `event` leads to; nothing where the table has no row for it.
[[nodiscard]] std::optional<SandboxState> after(SandboxState from, LifeEvent event);
[[nodiscard]] std::optional<ProcessState> after(ProcessState from, LifeEvent event);
[[nodiscard]] std::optional<LifePhase> after(LifePhase from, LifeEvent event);

/// How an init or an invocation ended.
enum class PhaseEnd { complete, failed, timed_out };

class Lifecycle {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  /// Whether the function is within its memory limit.
  enum class Memory { within_limit, over_limit };
  enum class Outcome { good, failed };

  /// `at` is when it happened. Returns false, and changes nothing, if no table has a row for the event.
  bool note(LifeEvent event, Time at = {});

  [[nodiscard]] SandboxState sandbox() const { return sandbox_; }
  [[nodiscard]] ProcessState process() const { return process_; }
  [[nodiscard]] LifePhase phase() const { return phase_; }

  /// A runtime process was started, and has not been cleared away.
  [[nodiscard]] bool started() const { return phase_ != LifePhase::none; }
  [[nodiscard]] bool waiting() const { return phase_ == LifePhase::waiting; }
  /// The event in hand has an answer.
  [[nodiscard]] bool answered() const { return waiting() || phase_ == LifePhase::answered; }
  /// The process says nothing more.
  [[nodiscard]] bool ended() const;
  /// No invocation can succeed here.
  [[nodiscard]] bool lost() const { return sandbox_ == SandboxState::lost || sandbox_ == SandboxState::gone; }
  /// An invocation can follow without an init.
  [[nodiscard]] bool warm() const { return waiting() && !ended(); }

  /// How the init ended. timed_out when nothing has happened that decides it.
  [[nodiscard]] PhaseEnd init_end(Memory memory) const;
  /// The same for an invocation.
  [[nodiscard]] PhaseEnd invocation_end(Memory memory) const;

  /// When the program was executed; until that is known, when it was started.
  [[nodiscard]] Time exec_at() const { return exec_at_; }
  /// When the process exited; `now` when it has not.
  [[nodiscard]] Time ended_at(Time now) const { return process_ == ProcessState::exited ? ended_at_ : now; }
  /// When the invocation was over. What lemu itself took to notice an end, and to act on it, is not counted.
  [[nodiscard]] Time completed_at(Outcome outcome, Time now) const;
  /// From the exec to the first `next`. Returned once, because one invocation reports it.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> take_init_duration();

 private:
  SandboxState sandbox_ = SandboxState::opening;
  ProcessState process_ = ProcessState::none;
  LifePhase phase_ = LifePhase::none;
  Time exec_at_;
  Time next_at_;   ///< the last one
  Time ended_at_;  ///< for ProcessState::exited
  std::optional<Time> init_done_at_;
};

}  // namespace lemu::emulator
