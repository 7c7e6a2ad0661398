// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_api.hpp"

#include <cstdlib>
#include <deque>
#include <set>

#include "base/http/host_guard.hpp"
#include "base/json_syntax.hpp"
#include "rapi/routes.hpp"
#include "rapi/runtime_answers.hpp"
#include "rapi/runtime_error.hpp"

namespace lemu::rapi {
namespace {

constexpr std::string_view kErrorTypeHeader = "Lambda-Runtime-Function-Error-Type";
constexpr std::string_view kXRayCauseHeader = "Lambda-Runtime-Function-XRay-Error-Cause";
constexpr std::string_view kResponseModeHeader = "Lambda-Runtime-Function-Response-Mode";

enum class Mode { buffered, streaming, invalid };

/// The value is compared exactly, case included (aws-lambda-rie, invocationresponse.go).
Mode mode_of(const http::Request& request) {
  const std::string_view value = request.header(kResponseModeHeader);
  if (value.empty()) return Mode::buffered;
  return value == "streaming" ? Mode::streaming : Mode::invalid;
}

/// Whether the runtime says that it streams: in its own words, or as one that writes for an HTTP front does.
bool streams(const http::Request& request) {
  return mode_of(request) == Mode::streaming ||
         request.header("Content-Type") == "application/vnd.awslambda.http-integration-response";
}

ResponseMode told_mode(const http::Request& request) {
  return mode_of(request) == Mode::streaming ? ResponseMode::streaming : ResponseMode::buffered;
}

}  // namespace

/// The API itself. Shared only so that an observer may destroy the RuntimeApi from a callback.
class RuntimeApi::Service final : public http::Handler, public std::enable_shared_from_this<Service> {
 public:
  Service(boost::asio::io_context& context, Fd listener, RuntimeObserver& observer, const Limits& limits)
      : observer_(observer),
        limits_(limits),
        server_(context, std::move(listener), *this, limits.http, limits.guard) {}

  [[nodiscard]] http::Dialect dialect() const override { return http::Dialect::go; }
  void on_refused(const http::Refused& refused) override { tell(refused, std::to_string(refused.status)); }
  http::HeadVerdict on_head(const http::Request& request) override;
  http::Flow on_body(const http::Request& request, std::string_view piece, const http::Reply& reply) override;
  void on_request(http::Request& request, http::Reply reply) override;
  void on_peer_gone(const http::Reply& reply) override {
    // A process that closed its connection cannot be given an event on it; the next `next` gets it.
    std::erase(waiting_, reply);
    reply.drop();
  }

  Handover dispatch(Event event, ResponseDelivery delivery) {
    delivery_ = delivery;
    state_.dispatch(std::move(event));
    return deliver();
  }
  void abandon() {
    pieces_ = Pieces::none;
    state_.abandon();
  }
  void restart() {
    waiting_.clear();
    pieces_ = Pieces::none;
    server_.drop_connections();
    state_.restart();
  }
  void stop() {
    waiting_.clear();
    pieces_ = Pieces::none;
    server_.stop();
  }
  void start() { server_.start(); }
  [[nodiscard]] RuntimePhase phase() const { return state_.phase(); }
  [[nodiscard]] std::size_t open_connections() const { return server_.connection_count(); }

 private:
  void tell(const http::Refused& refused, const std::string& kind);
  http::Refusal told(const http::Request& request, const Refusal& refusal);
  void refuse(const http::Request& request, const http::Reply& reply, const Refusal& refusal);
  http::HeadVerdict begin(const http::Request& request, RuntimeState::Answer answer, RuntimePhase from,
                          RuntimeCall call, std::size_t limit);
  http::HeadVerdict routed_head(const http::Request& request, const RouteMatch& match);
  /// As on_head found it.
  static Route route_of(const http::Request& request) { return static_cast<Route>(request.tag); }
  http::HeadVerdict response_head(const http::Request& request, std::string_view id);
  bool begin_pieces(const http::Request& request, std::string_view id, const http::Reply& reply);
  Handover deliver();
  void next(const http::Request& request, http::Reply reply);
  void response(http::Request& request, std::string_view id, const http::Reply& reply);
  void error(http::Request& request, std::string_view id, const http::Reply& reply);
  void init_error(http::Request& request, const http::Reply& reply);
  std::optional<ResponseFault> answer_fault(const http::Request& request, const http::Reply& reply,
                                            std::size_t limit);

  RuntimeObserver& observer_;
  const Limits limits_;
  // A runtime asks for the address that it was given, and has no browser's fields.
  const http::HostGuard guard_{http::HostGuard::Reach::container, http::HostGuard::HostField::optional};
  RuntimeState state_;
  std::set<std::string> told_;  // kinds of refusals
  ResponseDelivery delivery_ = ResponseDelivery::whole;
  // Of the response in hand.
  std::size_t response_limit_ = 0;
  enum class Pieces { none, expected, begun } pieces_ = Pieces::none;
  std::string pieces_id_;
  // First come, first served: two blocked calls get an event each, as with the condition variable of
  // aws-lambda-rie (core/states.go).
  std::deque<http::Reply> waiting_;
  http::Server server_;
};

// ---- refusals: the observer is told of each kind once

void RuntimeApi::Service::tell(const http::Refused& refused, const std::string& kind) {
  if (told_.insert(kind).second) observer_.on_refused(refused);
}

http::Refusal RuntimeApi::Service::told(const http::Request& request, const Refusal& refusal) {
  tell({refusal.status, request.method(), request.target(), refusal.message},
       std::to_string(refusal.status) + refusal.type);
  return refusal.answer();
}

void RuntimeApi::Service::refuse(const http::Request& request, const http::Reply& reply,
                                 const Refusal& refusal) {
  const http::Refusal answer = refusal.answer();
  reply.send({.status = answer.status, .content_type = answer.content_type, .body = answer.body});
  told(request, refusal);
}

// ---- what the header decides: the request id before the state, and both before the body

/// A body is accepted only by the state that waits for it, and by its header leaves that state; so there is
/// one at a time.
http::HeadVerdict RuntimeApi::Service::begin(const http::Request& request, RuntimeState::Answer answer,
                                             RuntimePhase from, RuntimeCall call, std::size_t limit) {
  switch (answer) {
    case RuntimeState::Answer::accepted: return {.body_limit = limit};
    case RuntimeState::Answer::unknown_id: return {.refusal = told(request, invalid_request_id())};
    case RuntimeState::Answer::refused: return {.refusal = told(request, invalid_transition(from, call))};
  }
  std::abort();
}

http::HeadVerdict RuntimeApi::Service::on_head(const http::Request& request) {
  if (guard_.objection(request)) return {.refusal = told(request, not_for_pages())};
  const RouteMatch match = match_route(request.method(), request.path());
  switch (match.kind) {
    case RouteMatch::Kind::no_such_path: return {.refusal = told(request, no_such_path(request.path()))};
    case RouteMatch::Kind::wrong_method: return {.refusal = told(request, wrong_method(match.allowed))};
    case RouteMatch::Kind::found: break;
  }
  http::HeadVerdict verdict = routed_head(request, match);
  verdict.tag = static_cast<std::uint32_t>(match.route);
  return verdict;
}

http::HeadVerdict RuntimeApi::Service::routed_head(const http::Request& request, const RouteMatch& match) {
  const RuntimePhase from = state_.phase();
  switch (match.route) {
    case Route::ping:
    case Route::next: return {};
    case Route::response: return response_head(request, match.id);
    case Route::error:
      return begin(request, state_.begin_error(match.id), from, RuntimeCall::error, limits_.error_bytes);
    case Route::init_error:
      return begin(request, state_.init_error(), from, RuntimeCall::init_error, limits_.error_bytes);
  }
  std::abort();
}

/// What is declared by its length is a whole response, for any caller; what comes in chunks may be a stream.
http::HeadVerdict RuntimeApi::Service::response_head(const http::Request& request, std::string_view id) {
  const RuntimePhase from = state_.phase();
  http::HeadVerdict verdict =
      begin(request, state_.begin_response(id), from, RuntimeCall::response, limits_.response_bytes);
  if (verdict.refusal) return verdict;
  pieces_ = Pieces::none;
  response_limit_ = limits_.response_bytes;
  const bool wanted = delivery_ == ResponseDelivery::pieces ||
                      (delivery_ == ResponseDelivery::as_streamed && streams(request));
  if (!wanted || mode_of(request) == Mode::invalid) return verdict;
  pieces_ = Pieces::expected;
  pieces_id_ = id;
  if (streams(request) || request.header("Content-Length").empty()) response_limit_ = limits_.streamed_bytes;
  return {.body_limit = response_limit_, .delivery = http::BodyDelivery::pieces};
}

// ---- a body in pieces

/// True when the observer takes pieces of this response now; it is told of the response first. The rest of
/// one that was abandoned is nobody's.
bool RuntimeApi::Service::begin_pieces(const http::Request& request, std::string_view id,
                                       const http::Reply& reply) {
  if (id != pieces_id_) return false;
  if (pieces_ == Pieces::expected) {
    pieces_ = Pieces::begun;
    observer_.on_response_begin({.content_type = std::string(request.header("Content-Type")),
                                 .mode = told_mode(request),
                                 .resume = [reply] { reply.resume_body(); }});
  }
  return pieces_ == Pieces::begun;
}

http::Flow RuntimeApi::Service::on_body(const http::Request& request, std::string_view piece,
                                        const http::Reply& reply) {
  const std::shared_ptr<Service> self = shared_from_this();
  const std::string_view id = id_in(route_of(request), request.path());
  return begin_pieces(request, id, reply) ? observer_.on_response_piece(piece) : http::Flow::more;
}

// ---- what the whole request does

void RuntimeApi::Service::on_request(http::Request& request, http::Reply reply) {
  const std::shared_ptr<Service> self = shared_from_this();
  const Route route = route_of(request);
  const std::string_view id = id_in(route, request.path());
  switch (route) {
    case Route::ping: static_cast<void>(reply.send(kPong)); return;
    case Route::next: next(request, std::move(reply)); return;
    case Route::response: response(request, id, std::move(reply)); return;
    case Route::error: error(request, id, std::move(reply)); return;
    case Route::init_error: init_error(request, std::move(reply)); return;
  }
}

void RuntimeApi::Service::next(const http::Request& request, http::Reply reply) {
  const RuntimePhase from = state_.phase();
  switch (state_.next()) {
    case RuntimeState::Next::refused:
      refuse(request, reply, invalid_transition(from, RuntimeCall::next));
      return;
    case RuntimeState::Next::same_again: send_event(reply, state_.in_work()); return;
    case RuntimeState::Next::still_waits:
      waiting_.push_back(std::move(reply));
      deliver();
      return;
    case RuntimeState::Next::first_wait:
      waiting_.push_back(std::move(reply));
      observer_.on_next();
      deliver();  // what was dispatched before the runtime was ready
      return;
  }
}

RuntimeApi::Handover RuntimeApi::Service::deliver() {
  while (const std::shared_ptr<const Event> event = state_.to_deliver()) {
    if (waiting_.empty()) return Handover::waits;
    const http::Reply reply = std::move(waiting_.front());
    waiting_.pop_front();
    if (send_event(reply, event) == http::Reply::Sent::gone) continue;
    state_.delivered();
    return Handover::delivered;
  }
  return Handover::waits;
}

/// Answers a body that did not come as declared, if so.
std::optional<ResponseFault> RuntimeApi::Service::answer_fault(const http::Request& request,
                                                               const http::Reply& reply, std::size_t limit) {
  switch (request.end) {
    case http::BodyEnd::complete: return std::nullopt;
    case http::BodyEnd::truncated:
    case http::BodyEnd::malformed:
    case http::BodyEnd::no_room:
    case http::BodyEnd::late: refuse(request, reply, truncated_body()); return ResponseFault::truncated;
    case http::BodyEnd::too_large:
      refuse(request, reply, too_large_body(limit));
      return ResponseFault::too_large;
  }
  std::abort();
}

void RuntimeApi::Service::response(http::Request& request, std::string_view id, const http::Reply& reply) {
  // A stream without a byte begins too; the observer may have had enough then.
  const bool begins =
      pieces_ == Pieces::expected && request.end == http::BodyEnd::complete && id == pieces_id_;
  const bool wanted = !begins || begin_pieces(request, id, reply);
  if (!wanted || state_.answer_ended(id) == RuntimeState::Ended::no_longer_wanted) {
    refuse(request, reply, invalid_request_id());
    return;
  }
  if (mode_of(request) == Mode::invalid) {
    refuse(request, reply, invalid_mode());
    observer_.on_response_rejected(ResponseFault::bad_mode);
    return;
  }
  if (const std::optional<ResponseFault> fault = answer_fault(request, reply, response_limit_)) {
    observer_.on_response_rejected(*fault);
    return;
  }
  // The runtime goes on while the owner works.
  reply.send(kAccepted);
  observer_.on_response(
      {.request_id = std::string(id),
       .body = std::move(request.body),
       .content_type = std::string(request.header("Content-Type")),
       .mode = told_mode(request),
       .trailer_error_type = std::string(request.trailer(kErrorTypeHeader)),
       .trailer_error_body = std::string(request.trailer("Lambda-Runtime-Function-Error-Body"))});
}

void RuntimeApi::Service::error(http::Request& request, std::string_view id, const http::Reply& reply) {
  if (state_.answer_ended(id) == RuntimeState::Ended::no_longer_wanted) {
    refuse(request, reply, invalid_request_id());
    return;
  }
  if (const std::optional<ResponseFault> fault = answer_fault(request, reply, limits_.error_bytes)) {
    observer_.on_response_rejected(*fault);
    return;
  }
  reply.send(kAccepted);
  const std::string_view content_type = request.header("Content-Type");
  ErrorBody kept = content_type == kErrorCauseContentType
                       ? split_error_cause(request.body)
                       : ErrorBody{std::move(request.body), std::string(content_type),
                                   checked_error_cause(request.header(kXRayCauseHeader))};
  observer_.on_error({.request_id = std::string(id),
                      .body = std::move(kept.body),
                      .content_type = std::move(kept.content_type),
                      .error_type = sanitised_error_type(request.header(kErrorTypeHeader)),
                      .xray_cause = std::move(kept.xray_cause)});
}

void RuntimeApi::Service::init_error(http::Request& request, const http::Reply& reply) {
  // A body that cannot be taken does not make init succeed: the error is told without it.
  if (!answer_fault(request, reply, limits_.error_bytes)) reply.send(kAccepted);
  const std::string_view content_type = is_json(request.body) ? kJson : "application/octet-stream";
  observer_.on_init_error({.request_id = {},
                           .body = std::move(request.body),
                           .content_type = std::string(content_type),
                           .error_type = sanitised_error_type(request.header(kErrorTypeHeader)),
                           .xray_cause = checked_error_cause(request.header(kXRayCauseHeader))});
}

// ---- the face

RuntimeApi::RuntimeApi(boost::asio::io_context& context, Fd listener, RuntimeObserver& observer,
                       Limits limits)
    : service_(std::make_shared<Service>(context, std::move(listener), observer, limits)) {}
RuntimeApi::~RuntimeApi() { service_->stop(); }
void RuntimeApi::start() { service_->start(); }
RuntimeApi::Handover RuntimeApi::dispatch(Event event, ResponseDelivery delivery) {
  return service_->dispatch(std::move(event), delivery);
}
void RuntimeApi::abandon() { service_->abandon(); }
void RuntimeApi::restart() { service_->restart(); }
void RuntimeApi::stop() { service_->stop(); }
RuntimePhase RuntimeApi::phase() const { return service_->phase(); }
std::size_t RuntimeApi::open_connections() const { return service_->open_connections(); }

}  // namespace lemu::rapi
