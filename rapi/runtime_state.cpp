// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_state.hpp"

#include <cassert>
#include <cstdlib>
#include <utility>

namespace lemu::rapi {

std::string_view name_of(RuntimePhase phase) {
  switch (phase) {
    case RuntimePhase::started: return "Started";
    case RuntimePhase::init_error: return "InitError";
    case RuntimePhase::ready: return "Ready";
    case RuntimePhase::running: return "Running";
    case RuntimePhase::invocation_response: return "InvocationResponse";
    case RuntimePhase::invocation_error_response: return "InvocationErrorResponse";
    case RuntimePhase::response_sent: return "RuntimeResponseSentState";
  }
  std::abort();
}

RuntimePhase asked_for(RuntimeCall call) {
  switch (call) {
    case RuntimeCall::next: return RuntimePhase::ready;
    case RuntimeCall::event_taken: return RuntimePhase::running;
    case RuntimeCall::response: return RuntimePhase::invocation_response;
    case RuntimeCall::error: return RuntimePhase::invocation_error_response;
    case RuntimeCall::answer_taken: return RuntimePhase::response_sent;
    case RuntimeCall::init_error: return RuntimePhase::init_error;
  }
  std::abort();
}

std::optional<RuntimePhase> after(RuntimePhase from, RuntimeCall call) {
  using enum RuntimePhase;
  const auto when = [call](bool allowed) {
    return allowed ? std::optional<RuntimePhase>(asked_for(call)) : std::nullopt;
  };
  switch (call) {
    case RuntimeCall::next:
      if (from == running) return running;  // the same event again
      return when(from == started || from == ready || from == response_sent);
    case RuntimeCall::event_taken: return when(from == ready);
    case RuntimeCall::response:
    case RuntimeCall::error: return when(from == running);
    case RuntimeCall::answer_taken:
      return when(from == invocation_response || from == invocation_error_response);
    case RuntimeCall::init_error: return when(from == started);
  }
  std::abort();
}

std::string refusal_message(RuntimePhase from, RuntimeCall call) {
  return "State transition from " + std::string(name_of(from)) + " to " +
         std::string(name_of(asked_for(call))) +
         " failed for runtime. Error: State transition is not allowed";
}

RuntimeState::Next RuntimeState::next() {
  const RuntimePhase before = phase_;
  const std::optional<RuntimePhase> then = after(before, RuntimeCall::next);
  if (!then) return Next::refused;
  phase_ = *then;
  if (before == RuntimePhase::running) return Next::same_again;
  if (before == RuntimePhase::ready) return Next::still_waits;
  known_id_ = event_ ? event_->request_id : std::string();
  return Next::first_wait;
}

void RuntimeState::dispatch(Event event) {
  assert(!event_ && "the previous event is not answered");
  event_ = std::make_shared<const Event>(std::move(event));
  // After an answer the answered id stays known until `next`: a second answer is then a wrong state, not a
  // wrong id.
  if (phase_ != RuntimePhase::response_sent) known_id_ = event_->request_id;
}

std::shared_ptr<const Event> RuntimeState::to_deliver() const {
  return phase_ == RuntimePhase::ready ? event_ : nullptr;
}

void RuntimeState::delivered() {
  if (const std::optional<RuntimePhase> then = after(phase_, RuntimeCall::event_taken)) phase_ = *then;
}

std::shared_ptr<const Event> RuntimeState::in_work() const {
  return phase_ == RuntimePhase::running ? event_ : nullptr;
}

RuntimeState::Answer RuntimeState::begin(std::string_view id, RuntimeCall call) {
  const bool known = !id.empty() && (id == known_id_ || (event_ && id == event_->request_id));
  if (!known) return Answer::unknown_id;
  const std::optional<RuntimePhase> then = after(phase_, call);
  if (!then) return Answer::refused;
  phase_ = *then;
  return Answer::accepted;
}

RuntimeState::Ended RuntimeState::answer_ended(std::string_view id) {
  const std::optional<RuntimePhase> then = after(phase_, RuntimeCall::answer_taken);
  if (!then || id != known_id_) return Ended::no_longer_wanted;
  phase_ = *then;
  event_.reset();
  return Ended::answered;
}

RuntimeState::Answer RuntimeState::init_error() {
  const std::optional<RuntimePhase> then = after(phase_, RuntimeCall::init_error);
  if (!then) return Answer::refused;
  phase_ = *then;
  return Answer::accepted;
}

void RuntimeState::abandon() {
  event_.reset();
  known_id_.clear();
  if (phase_ == RuntimePhase::running || phase_ == RuntimePhase::invocation_response ||
      phase_ == RuntimePhase::invocation_error_response)
    phase_ = RuntimePhase::response_sent;
}

}  // namespace lemu::rapi
