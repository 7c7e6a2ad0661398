// SPDX-License-Identifier: Apache-2.0
// All routes of the daemon, on one page: at its port AWS's Lambda API, which whoever may connect may use; at
// its control socket what discloses or controls. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lemu::emulator {

enum class ApiPlace { port, control_socket };

enum class ApiRoute {
  // At the port.
  invoke,
  invoke_with_response_stream,
  invoke_async,
  invoke_reported,  ///< `lemu invoke --endpoint`
  health,
  metrics,
  // At the control socket.
  environments,
  logs,
  stop,
  list_events,
  show_letter,
  redrive,
};

struct ApiRouteMatch {
  enum class Kind { found, no_such_path, wrong_method } kind = Kind::no_such_path;
  ApiRoute route = ApiRoute::health;  ///< when found
  std::string_view name = {};         ///< the {name} of the path, still encoded: a view into it
  std::string allowed = {};           ///< the methods the path has, when another was used: "GET, POST"
};

/// `path` is without the query.
[[nodiscard]] ApiRouteMatch match_api_route(ApiPlace place, std::string_view method, std::string_view path);

}  // namespace lemu::emulator
