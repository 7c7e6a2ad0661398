// SPDX-License-Identifier: Apache-2.0
#include "rapi/routes.hpp"

#include <array>

namespace lemu::rapi {
namespace {

struct Row {
  std::string_view method;
  std::string_view before_id;  // the whole path where `after_id` is empty
  std::string_view after_id;
  Route route;
};

// Runtime API 2018-06-01. The restore routes and /2021-04-23/credentials exist only for SnapStart functions
// (aws-lambda-rie, rapi/router.go), so here they are not found.
constexpr std::array<Row, 5> kRoutes{{
    {"GET", "/2018-06-01/runtime/invocation/next", "", Route::next},
    {"POST", "/2018-06-01/runtime/invocation/", "/response", Route::response},
    {"POST", "/2018-06-01/runtime/invocation/", "/error", Route::error},
    {"POST", "/2018-06-01/runtime/init/error", "", Route::init_error},
    {"GET", "/2018-06-01/ping", "", Route::ping},
}};

/// The id, which is one segment and may be empty; nothing when the path is another.
std::optional<std::string_view> match_path(const Row& row, std::string_view path) {
  if (row.after_id.empty()) return path == row.before_id ? std::optional<std::string_view>("") : std::nullopt;
  if (path.size() < row.before_id.size() + row.after_id.size() || !path.starts_with(row.before_id) ||
      !path.ends_with(row.after_id))
    return std::nullopt;
  path.remove_prefix(row.before_id.size());
  path.remove_suffix(row.after_id.size());
  return path.find('/') == std::string_view::npos ? std::optional(path) : std::nullopt;
}

}  // namespace

RouteMatch match_route(std::string_view method, std::string_view path) {
  for (const Row& row : kRoutes) {
    const std::optional<std::string_view> id = match_path(row, path);
    if (!id) continue;
    if (method != row.method) return {.kind = RouteMatch::Kind::wrong_method, .allowed = row.method};
    return {.kind = RouteMatch::Kind::found, .route = row.route, .id = *id};
  }
  return {};
}

std::string_view id_in(Route route, std::string_view path) {
  for (const Row& row : kRoutes)
    if (row.route == route) return match_path(row, path).value_or("");
  return {};
}

}  // namespace lemu::rapi
