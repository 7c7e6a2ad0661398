// SPDX-License-Identifier: Apache-2.0
// Route: all that there is to say of one operation, as one row of an API's table: method, path, how large a
// body may be, whether the connections held in reserve are for it too, and what answers it. An API is an
// http::Handler with such a table: head_verdict and serve_route are what it does with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/http/http.hpp"
#include "emulator/api/api_reply.hpp"

namespace lemu::emulator {

/// A request that has found its route.
struct RouteCall {
  http::Request& request;
  const http::Reply& http;  ///< for answers that are not AWS's
  const ApiReply& reply;
  std::string_view name;  ///< of the path's {name}, still encoded; valid until the handler returns
};

enum class RouteReach {
  usual,    ///< connections up to the limit
  reserve,  ///< those beyond it too: for what must work when nothing else does, and takes a moment
};

template <class Api>
struct Route {
  std::string_view method;
  std::string_view path;  ///< "/health"; {name} stands for one segment: "/_lemu/logs/{name}"
  void (Api::*handle)(const RouteCall&);
  std::size_t (Api::*body_limit)(const http::Request&) const = nullptr;  ///< without one there is no body
  RouteReach reach = RouteReach::usual;
};

/// What `path`, without the query, has for the {name} of `pattern`: a segment, never empty. An empty text for
/// a pattern without; nothing when the path is another. A '/' at the path's end makes no difference.
[[nodiscard]] std::optional<std::string_view> match_path(std::string_view pattern, std::string_view path);

/// The answer to a request beyond the limit of connections.
[[nodiscard]] http::Refusal no_connection_left();
/// Says that an API has no such path.
using NoSuchPath = std::string (*)(std::string_view path);
/// The answer to a request that has found no route; `allowed` are the methods of its path, if it has any
/// ("GET, POST").
[[nodiscard]] ApiError no_route(std::string_view path, const std::string& allowed, NoSuchPath words);

/// For Handler::on_head. The request remembers its route for serve_route (http::Request::tag).
template <class Api>
[[nodiscard]] http::HeadVerdict head_verdict(std::span<const Route<Api>> routes, const Api& api,
                                             const http::Request& request) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&request](const Route<Api>& route) {
    return request.method() == route.method && match_path(route.path, request.path());
  });
  if (request.standing == http::Request::Standing::reserve &&
      (found == routes.end() || found->reach != RouteReach::reserve))
    return {.refusal = no_connection_left()};
  if (found == routes.end())
    return {};  // refused with the API's own fields, once its body was read and dropped
  return {.body_limit = found->body_limit == nullptr ? 0 : (api.*found->body_limit)(request),
          .tag = static_cast<std::uint32_t>(found - routes.begin() + 1)};
}

/// For Handler::on_request: calls the route's handler, or refuses.
template <class Api>
void serve_route(std::span<const Route<Api>> routes, Api& api, http::Request& request,
                 const http::Reply& http, const ApiReply& reply, NoSuchPath words) {
  if (request.tag != 0) {
    const Route<Api>& route = routes[request.tag - 1];
    return (api.*route.handle)({request, http, reply, *match_path(route.path, request.path())});
  }
  std::string allowed;
  for (const Route<Api>& route : routes)
    if (match_path(route.path, request.path()))
      allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  reply.refuse(no_route(request.path(), allowed, words));
}

}  // namespace lemu::emulator
