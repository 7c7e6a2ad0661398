// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rapi/runtime_model.hpp"

#include <algorithm>
#include <utility>

namespace lemu::rapi::test {
namespace {

const std::string kOkBody = "{\"status\":\"OK\"}\n";

std::string error_body(std::string_view message, std::string_view type) {
  std::string body = "{\"errorMessage\":\"";
  return body.append(message).append("\",\"errorType\":\"").append(type).append("\"}\n");
}
Expected forbidden(RuntimePhase from, RuntimeCall call) {
  return {403, error_body(refusal_message(from, call), "InvalidStateTransition")};
}
Expected unknown_id() { return {400, error_body("Invalid request ID", "InvalidRequestID")}; }
Expected truncated() {
  return {400, error_body("HTTP request detected as truncated", "TruncatedHTTPRequest")};
}
Expected too_large() {
  return {413, error_body("Exceeded maximum allowed payload size (" +
                              std::to_string(RuntimeModel::kBodyLimit) + " bytes).",
                          "RequestEntityTooLarge")};
}

}  // namespace

// ---- the runtime

void RuntimeModel::send(std::size_t connection, const Call& call) {
  open[connection] = true;
  lines_[connection].ahead.push_back(call);
  run(connection);
}

void RuntimeModel::send_beginning(std::size_t connection, const Call& call) {
  open[connection] = true;
  lines_[connection].begun = call;
  lines_[connection].refusal = head(call);
}

void RuntimeModel::send_rest(std::size_t connection) {
  Line& line = lines_[connection];
  whole(connection, *std::exchange(line.begun, std::nullopt), line.refusal, End::complete);
}

void RuntimeModel::finish(std::size_t connection) {
  Line& line = lines_[connection];
  if (line.begun) whole(connection, *line.begun, line.refusal, End::cut);
  std::erase(waiting_,
             connection);  // it cannot be given an event any more, and what was sent after it is lost
  line = {};
  open[connection] = false;
  ended[connection] = true;
}

void RuntimeModel::run(std::size_t connection) {
  Line& line = lines_[connection];
  while (!line.blocked && !line.ahead.empty()) {
    const Call call = std::move(line.ahead.front());
    line.ahead.pop_front();
    whole(connection, call, head(call), End::complete);
  }
}

/// What the header decides.
std::optional<Expected> RuntimeModel::head(const Call& call) {
  switch (call.ask) {
    case Ask::response:
    case Ask::bad_mode:
    case Ask::large_response: return begin(call, RuntimeCall::response);
    case Ask::error:
    case Ask::large_error: return begin(call, RuntimeCall::error);
    case Ask::wrong_method: return Expected{405, ""};
    case Ask::wrong_path: return Expected{404, "404 page not found\n"};
    case Ask::init_error: return enter(RuntimeCall::init_error);
    case Ask::next:
    case Ask::ping: return std::nullopt;
  }
  return std::nullopt;
}

/// The id is looked at before the state.
std::optional<Expected> RuntimeModel::begin(const Call& call, RuntimeCall as) {
  if (call.id.empty() || (call.id != known_ && call.id != event_id())) return unknown_id();
  return enter(as);
}

/// The state that the call asks for: it is the caller's from its header on, so no other body is accepted.
std::optional<Expected> RuntimeModel::enter(RuntimeCall as) {
  const std::optional<RuntimePhase> then = after(phase_, as);
  if (!then) return forbidden(phase_, as);
  phase_ = *then;
  return std::nullopt;
}

void RuntimeModel::whole(std::size_t connection, const Call& call, const std::optional<Expected>& refusal,
                         End end) {
  if (refusal) {
    answers[connection].push_back(*refusal);
    return;
  }
  switch (call.ask) {
    case Ask::next: next(connection); return;
    case Ask::init_error: answers[connection].push_back(init_error(end)); return;
    case Ask::ping: answers[connection].push_back({200, "pong"}); return;
    default: answers[connection].push_back(answer(call, end)); return;
  }
}

void RuntimeModel::next(std::size_t connection) {
  const RuntimePhase before = phase_;
  const std::optional<RuntimePhase> then = after(before, RuntimeCall::next);
  if (!then) {
    answers[connection].push_back(forbidden(before, RuntimeCall::next));
    return;
  }
  phase_ = *then;
  if (before == RuntimePhase::running) {  // it holds the event, and is given it again
    answers[connection].push_back({200, event_id()});
    return;
  }
  lines_[connection].blocked = true;
  waiting_.push_back(connection);
  if (before != RuntimePhase::ready) {
    known_ = event_id();
    tell("next");
  }
  deliver();
}

/// A response or an error whose body has ended.
Expected RuntimeModel::answer(const Call& call, End end) {
  const std::optional<RuntimePhase> then = after(phase_, RuntimeCall::answer_taken);
  if (!then || call.id != known_) return unknown_id();  // it was abandoned meanwhile
  phase_ = *then;
  event_.reset();
  const auto rejected = [this](Expected with) {
    tell("rejected");
    return with;
  };
  if (call.ask == Ask::bad_mode)
    return rejected({400, error_body("Invalid function response mode", "InvalidFunctionResponseMode")});
  if (call.ask == Ask::large_response || call.ask == Ask::large_error) return rejected(too_large());
  if (end == End::cut) return rejected(truncated());
  tell(call.ask == Ask::error ? "error" : "response");
  return {202, kOkBody};
}

Expected RuntimeModel::init_error(End end) {
  tell("init_error");
  return end == End::cut ? truncated() : Expected{202, kOkBody};
}

// ---- the owner

void RuntimeModel::dispatch() {
  event_ = latest_ = "id-" + std::to_string(++count_);
  // After an answer its id stays known until `next`.
  if (phase_ != RuntimePhase::response_sent) known_ = *event_;
  deliver();
}

void RuntimeModel::abandon() {
  event_.reset();
  known_.clear();
  if (phase_ == RuntimePhase::running || phase_ == RuntimePhase::invocation_response ||
      phase_ == RuntimePhase::invocation_error_response)
    phase_ = RuntimePhase::response_sent;
}

void RuntimeModel::restart() {
  for (std::size_t i = 0; i < kConnections; ++i) {
    ended[i] = ended[i] || open[i];
    open[i] = false;
    lines_[i] = {};
  }
  waiting_.clear();
  event_.reset();
  known_.clear();
  phase_ = RuntimePhase::started;
}

/// The first that waits is given the event.
void RuntimeModel::deliver() {
  if (phase_ != RuntimePhase::ready || !event_ || waiting_.empty()) return;
  const std::size_t connection = waiting_.front();
  waiting_.pop_front();
  phase_ = *after(phase_, RuntimeCall::event_taken);
  answers[connection].push_back({200, *event_});
  lines_[connection].blocked = false;
  run(connection);
}

void RuntimeModel::tell(const std::string& what) {
  told.push_back(what);
  const bool eager = (policy == Policy::on_next && what == "next") ||
                     (policy == Policy::on_answer && (what == "response" || what == "error"));
  if (eager && may_dispatch()) dispatch();
}

}  // namespace lemu::rapi::test
