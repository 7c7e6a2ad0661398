// SPDX-License-Identifier: Apache-2.0
// RuntimeState: the Runtime API's rules without any I/O: which call is legal when, which request id is known,
// and whether an event waits, is being worked on or is answered. A plain value; RuntimeApi owns one. Names
// and transitions are those of aws-lambda-rie (internal/lambda/core/states.go).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/http/body_budget.hpp"

namespace lemu::rapi {

/// What `next` hands to a runtime.
struct Event {
  std::string request_id;
  std::string body;
  http::BodyRoom room;           ///< the body's, where that came over HTTP
  std::int64_t deadline_ms = 0;  ///< Unix time at which the function times out
  // Each becomes a header only when it is not empty.
  std::string function_arn;
  std::string trace_id;
  std::string client_context;    ///< JSON
  std::string cognito_identity;  ///< JSON
  std::string tenant_id;
  std::string content_type;  ///< application/json when empty
};

enum class RuntimePhase {
  started,                    ///< the process may run; it has called nothing
  init_error,                 ///< it has reported that it cannot start
  ready,                      ///< it waits in `next`
  running,                    ///< it has the event
  invocation_response,        ///< its response is being received
  invocation_error_response,  ///< its error is being received
  response_sent,              ///< it has answered, and has not come back to `next`
};

enum class RuntimeCall {
  next,
  event_taken,  ///< not a call of the runtime: the blocked `next` is given its event
  response,
  error,
  answer_taken,  ///< not a call of the runtime: the body that began by response or error has ended
  init_error,
};

/// The phase as 403 messages name it.
[[nodiscard]] std::string_view name_of(RuntimePhase phase);
/// The phase that `call` leads to, or nothing where it is not allowed.
[[nodiscard]] std::optional<RuntimePhase> after(RuntimePhase from, RuntimeCall call);
/// The phase that `call` asks for, as 403 messages name it.
[[nodiscard]] RuntimePhase asked_for(RuntimeCall call);
/// "State transition from X to Y failed for runtime. Error: State transition is not allowed"
[[nodiscard]] std::string refusal_message(RuntimePhase from, RuntimeCall call);

class RuntimeState {
 public:
  enum class Next {
    first_wait,   ///< the runtime is ready: init, or the previous invocation, is complete
    still_waits,  ///< it was ready already
    same_again,   ///< it holds an unanswered event, and is given it once more
    refused,
  };
  enum class Answer { accepted, unknown_id, refused };

  [[nodiscard]] RuntimePhase phase() const { return phase_; }
  Next next();
  /// An event for the runtime. At most one may be unanswered.
  void dispatch(Event event);
  /// The event that a blocked `next` is to be given now, if any.
  [[nodiscard]] std::shared_ptr<const Event> to_deliver() const;
  void delivered();
  /// The event the runtime is working on, if any.
  [[nodiscard]] std::shared_ptr<const Event> in_work() const;

  /// The header of a response, or of an error, has come. The id is looked at before the state.
  Answer begin_response(std::string_view id) { return begin(id, RuntimeCall::response); }
  Answer begin_error(std::string_view id) { return begin(id, RuntimeCall::error); }
  enum class Ended { answered, no_longer_wanted };
  /// Its body has ended, in whatever way. Not wanted when the invocation was abandoned meanwhile.
  Ended answer_ended(std::string_view id);
  Answer init_error();

  /// The invocation is over without the runtime's answer: its id is unknown from here on, and a `next` is as
  /// after an answer. An event that was not delivered is forgotten.
  void abandon();
  /// A new runtime process follows.
  void restart() { *this = RuntimeState(); }

 private:
  Answer begin(std::string_view id, RuntimeCall call);

  RuntimePhase phase_ = RuntimePhase::started;
  std::string known_id_;                // of the invocation that runs, or was answered since the last `next`
  std::shared_ptr<const Event> event_;  // not answered yet; shared with the answers it is written in
};

}  // namespace lemu::rapi
