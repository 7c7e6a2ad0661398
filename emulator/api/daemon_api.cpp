// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/daemon_api.hpp"

namespace lemu::emulator {

namespace {

/// What tells that the daemon is there, in a moment: it is for when nothing else works any more.
bool is_for_reserve(const ApiRouteMatch& match) {
  return match.kind == ApiRouteMatch::Kind::found &&
         (match.route == ApiRoute::health || match.route == ApiRoute::metrics);
}

}  // namespace

http::HeadVerdict DaemonApi::on_head(const http::Request& request) {
  // What is refused is so with the API's own fields, once its body was read and dropped.
  const ApiRouteMatch match = match_api_route(ApiPlace::port, request.method(), request.path());
  if (request.standing == http::Request::Standing::reserve && !is_for_reserve(match))
    return {.refusal = http::Refusal{503, "text/plain; charset=utf-8", "503 too many connections", {}}};
  if (match.kind != ApiRouteMatch::Kind::found || guard_.objection(request)) return {.body_limit = 0};
  switch (match.route) {
    case ApiRoute::invoke:
    case ApiRoute::invoke_with_response_stream:
    case ApiRoute::invoke_reported:
      return {.body_limit = payload_limit(invocation_type_of(request), payload_limit_)};
    case ApiRoute::invoke_async: return {.body_limit = payload_limit(InvocationType::event, payload_limit_)};
    case ApiRoute::health:
    case ApiRoute::metrics:
    case ApiRoute::environments:
    case ApiRoute::logs:
    case ApiRoute::stop:
    case ApiRoute::list_events:
    case ApiRoute::show_letter:
    case ApiRoute::redrive: return {.body_limit = 0};
  }
  return {};
}

void DaemonApi::on_request(http::Request& request, http::Reply http) {
  const ApiReply reply(http, make_request_id(ids_));
  if (const std::optional<http::HostGuard::Objection> objection = guard_.objection(request))
    return reply.refuse({objection->kind == http::HostGuard::Objection::Kind::malformed
                             ? ApiFault::invalid_request_content
                             : ApiFault::access_denied,
                         objection->why});
  const ApiRouteMatch match = match_api_route(ApiPlace::port, request.method(), request.path());
  switch (match.kind) {
    case ApiRouteMatch::Kind::no_such_path:
      return reply.refuse({ApiFault::unknown_operation, "lemu serves no operation at " +
                                                            std::string(request.path()) +
                                                            ": it has the Lambda API's Invoke"});
    case ApiRouteMatch::Kind::wrong_method:
      return reply.refuse({ApiFault::method_not_allowed,
                           std::string(request.path()) + " is for " + match.allowed + " only",
                           /*reason=*/{}, match.allowed});
    case ApiRouteMatch::Kind::found: break;
  }
  dispatch(match, request, reply, http);
}

void DaemonApi::dispatch(ApiRouteMatch match, http::Request& request, const ApiReply& reply,
                         const http::Reply& http) {
  const bool invokes = match.route == ApiRoute::invoke || match.route == ApiRoute::invoke_async ||
                       match.route == ApiRoute::invoke_with_response_stream ||
                       match.route == ApiRoute::invoke_reported;
  if (invokes && ending_) return reply.refuse({ApiFault::unavailable, "this lemu serve is ending"});
  switch (match.route) {
    case ApiRoute::invoke: return invoke_.invoke(request, reply, match.name, InvokeOperation::buffered);
    case ApiRoute::invoke_with_response_stream:
      return invoke_.invoke(request, reply, match.name, InvokeOperation::streaming);
    case ApiRoute::invoke_async:
      return invoke_.invoke(request, reply, match.name, InvokeOperation::asynchronous);
    case ApiRoute::invoke_reported:
      return invoke_.invoke(request, reply, match.name, InvokeOperation::reported);
    case ApiRoute::health: return MonitorHandler::health(http);
    case ApiRoute::metrics: return monitor_.metrics(http);
    case ApiRoute::environments:
    case ApiRoute::logs:
    case ApiRoute::stop:
    case ApiRoute::list_events:
    case ApiRoute::show_letter:
    case ApiRoute::redrive: return;  // not at the port
  }
}

}  // namespace lemu::emulator
