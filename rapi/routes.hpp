// SPDX-License-Identifier: Apache-2.0
// All routes of the servers inside an execution environment, on one page. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace lemu::rapi {

enum class Route { ping, next, response, error, init_error };

struct RouteMatch {
  enum class Kind { found, no_such_path, wrong_method } kind = Kind::no_such_path;
  Route route = Route::ping;      ///< when found
  std::string_view id = {};       ///< the {id} of the path, a view into it
  std::string_view allowed = {};  ///< the method the path has, when another was used
};

/// `path` is without the query.
[[nodiscard]] RouteMatch match_route(std::string_view method, std::string_view path);

/// The {id} of a path that was found to be that route's; empty for a route without.
[[nodiscard]] std::string_view id_in(Route route, std::string_view path);

}  // namespace lemu::rapi
