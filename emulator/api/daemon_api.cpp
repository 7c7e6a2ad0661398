// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/daemon_api.hpp"

#include <array>

namespace lemu::emulator {

// Paths of AWS's service model (botocore, lambda/2015-03-31); /_lemu, /health and /metrics are lemu's own.
std::span<const Route<DaemonApi>> DaemonApi::routes() {
  static constexpr std::array<Route<DaemonApi>, 6> kRoutes{{
      {"POST", "/2015-03-31/functions/{name}/invocations", &DaemonApi::invoke<InvokeOperation::buffered>,
       &DaemonApi::limit_by_type},
      {"POST", "/2021-11-15/functions/{name}/response-streaming-invocations",
       &DaemonApi::invoke<InvokeOperation::streaming>, &DaemonApi::limit_by_type},
      {"POST", "/2014-11-13/functions/{name}/invoke-async", &DaemonApi::invoke<InvokeOperation::asynchronous>,
       &DaemonApi::limit_of_events},
      // `lemu invoke --endpoint`
      {"POST", "/_lemu/functions/{name}/invocations", &DaemonApi::invoke<InvokeOperation::reported>,
       &DaemonApi::limit_by_type},
      {"GET", "/health", &DaemonApi::health, nullptr, RouteReach::reserve},
      {"GET", "/metrics", &DaemonApi::metrics, nullptr, RouteReach::reserve},
  }};
  return kRoutes;
}

template <InvokeOperation operation>
void DaemonApi::invoke(const RouteCall& call) {
  if (ending_) return call.reply.refuse({ApiFault::unavailable, "this lemu serve is ending"});
  invoke_.invoke(call.request, call.reply, call.name, operation);
}

std::size_t DaemonApi::limit_by_type(const http::Request& request) const {
  return payload_limit(invocation_type_of(request), payload_limit_);
}

std::size_t DaemonApi::limit_of_events(const http::Request&) const {
  return payload_limit(InvocationType::event, payload_limit_);
}

http::HeadVerdict DaemonApi::on_head(const http::Request& request) {
  http::HeadVerdict verdict = head_verdict<DaemonApi>(routes(), *this, request);
  if (!verdict.refusal && guard_.objection(request)) return {};
  return verdict;
}

void DaemonApi::on_request(http::Request& request, http::Reply http) {
  const ApiReply reply(http, make_request_id(ids_));
  if (const std::optional<http::HostGuard::Objection> objection = guard_.objection(request))
    return reply.refuse({objection->kind == http::HostGuard::Objection::Kind::malformed
                             ? ApiFault::invalid_request_content
                             : ApiFault::access_denied,
                         objection->why});
  serve_route<DaemonApi>(routes(), *this, request, http, reply, [](std::string_view path) {
    return "lemu serves no operation at " + std::string(path) + ": it has the Lambda API's Invoke";
  });
}

}  // namespace lemu::emulator
