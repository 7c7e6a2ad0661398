// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/control_api.hpp"

namespace lemu::emulator {

http::HeadVerdict ControlApi::on_head(const http::Request& request) {
  const ApiRouteMatch match = match_api_route(ApiPlace::control_socket, request.method(), request.path());
  const bool takes_a_moment = match.kind == ApiRouteMatch::Kind::found &&
                              (match.route == ApiRoute::environments || match.route == ApiRoute::stop);
  if (request.standing == http::Request::Standing::reserve && !takes_a_moment)
    return {.refusal = http::Refusal{503, "text/plain; charset=utf-8", "503 too many connections", {}}};
  return {.body_limit = 0};
}

void ControlApi::on_request(http::Request& request, http::Reply http) {
  const ApiReply reply(http, make_request_id(ids_));
  const ApiRouteMatch match = match_api_route(ApiPlace::control_socket, request.method(), request.path());
  if (match.kind == ApiRouteMatch::Kind::no_such_path)
    return reply.refuse({ApiFault::unknown_operation,
                         "there is no " + std::string(request.path()) + " at lemu's control socket"});
  if (match.kind == ApiRouteMatch::Kind::wrong_method)
    return reply.refuse({ApiFault::method_not_allowed,
                         std::string(request.path()) + " is for " + match.allowed + " only",
                         /*reason=*/{}, match.allowed});
  switch (match.route) {
    case ApiRoute::environments: return admin_.environments(http);
    case ApiRoute::logs: return admin_.logs(request, http, match.name);
    case ApiRoute::stop: return admin_.stop(http);
    case ApiRoute::list_events: return admin_.list_events(http);
    case ApiRoute::show_letter: return admin_.show_letter(reply, http, match.name);
    case ApiRoute::redrive: return admin_.redrive(reply, match.name);
    case ApiRoute::invoke:
    case ApiRoute::invoke_with_response_stream:
    case ApiRoute::invoke_async:
    case ApiRoute::invoke_reported:
    case ApiRoute::health:
    case ApiRoute::metrics: return;  // at the port
  }
}

}  // namespace lemu::emulator
