// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/routes.hpp"

#include <array>
#include <optional>
#include <span>

namespace lemu::emulator {
namespace {

struct Row {
  std::string_view method;
  std::string_view before_name;  // the whole path where there is no name in it
  std::optional<std::string_view> after_name;
  ApiRoute route;
};

// Paths of AWS's service model (botocore, lambda/2015-03-31); below /_lemu and /health they are lemu's own.
constexpr std::array<Row, 6> kPortRoutes{{
    {"POST", "/2015-03-31/functions/", "/invocations", ApiRoute::invoke},
    {"POST", "/2021-11-15/functions/", "/response-streaming-invocations",
     ApiRoute::invoke_with_response_stream},
    {"POST", "/2014-11-13/functions/", "/invoke-async", ApiRoute::invoke_async},
    {"POST", "/_lemu/functions/", "/invocations", ApiRoute::invoke_reported},
    {"GET", "/health", std::nullopt, ApiRoute::health},
    {"GET", "/metrics", std::nullopt, ApiRoute::metrics},
}};

// All of it discloses what others did, or decides about it.
constexpr std::array<Row, 6> kControlRoutes{{
    {"GET", "/_lemu/environments", std::nullopt, ApiRoute::environments},
    {"GET", "/_lemu/logs/", "", ApiRoute::logs},
    {"POST", "/_lemu/stop", std::nullopt, ApiRoute::stop},
    {"GET", "/_lemu/async", std::nullopt, ApiRoute::list_events},
    {"GET", "/_lemu/async/", "", ApiRoute::show_letter},
    {"POST", "/_lemu/async/", "", ApiRoute::redrive},
}};

std::span<const Row> routes_at(ApiPlace place) {
  switch (place) {
    case ApiPlace::port: return kPortRoutes;
    case ApiPlace::control_socket: return kControlRoutes;
  }
  return {};
}

/// The name, which is one segment; nothing when the path is another.
std::optional<std::string_view> match_path(const Row& row, std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (!row.after_name) return path == row.before_name ? std::optional<std::string_view>("") : std::nullopt;
  if (path.size() <= row.before_name.size() + row.after_name->size() || !path.starts_with(row.before_name) ||
      !path.ends_with(*row.after_name))
    return std::nullopt;
  path.remove_prefix(row.before_name.size());
  path.remove_suffix(row.after_name->size());
  return path.find('/') == std::string_view::npos ? std::optional(path) : std::nullopt;
}

}  // namespace

ApiRouteMatch match_api_route(ApiPlace place, std::string_view method, std::string_view path) {
  ApiRouteMatch match;
  for (const Row& row : routes_at(place)) {
    const std::optional<std::string_view> name = match_path(row, path);
    if (!name) continue;
    if (method == row.method) return {.kind = ApiRouteMatch::Kind::found, .route = row.route, .name = *name};
    match.kind = ApiRouteMatch::Kind::wrong_method;
    match.allowed.append(match.allowed.empty() ? "" : ", ").append(row.method);
  }
  return match;
}

}  // namespace lemu::emulator
