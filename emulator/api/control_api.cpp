// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/control_api.hpp"

#include <array>

#include "emulator/api/routes.hpp"

namespace lemu::emulator {
namespace {

// All of it discloses what others did, or decides about it.
constexpr std::array<Route<AdminHandler>, 6> kRoutes{{
    {"GET", "/_lemu/environments", &AdminHandler::environments, nullptr, RouteReach::reserve},
    {"GET", "/_lemu/logs/{name}", &AdminHandler::logs},
    {"POST", "/_lemu/stop", &AdminHandler::stop, nullptr, RouteReach::reserve},
    {"GET", "/_lemu/async", &AdminHandler::list_events},
    {"GET", "/_lemu/async/{name}", &AdminHandler::show_letter},
    {"POST", "/_lemu/async/{name}", &AdminHandler::redrive},
}};

}  // namespace

http::HeadVerdict ControlApi::on_head(const http::Request& request) {
  return head_verdict<AdminHandler>(kRoutes, admin_, request);
}

void ControlApi::on_request(http::Request& request, http::Reply http) {
  const ApiReply reply(http, make_request_id(ids_));
  serve_route<AdminHandler>(kRoutes, admin_, request, http, reply, [](std::string_view path) {
    return "there is no " + std::string(path) + " at lemu's control socket";
  });
}

}  // namespace lemu::emulator
