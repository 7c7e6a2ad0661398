// SPDX-License-Identifier: Apache-2.0
#include "rapi/routes.hpp"

#include <doctest/doctest.h>

using namespace lemu::rapi;

TEST_CASE("paths lead to their routes") {
  struct Row {
    std::string_view method, path;
    RouteMatch::Kind kind;
    Route route;
    std::string_view id;
  };
  using enum RouteMatch::Kind;
  const Row rows[] = {
      {"GET", "/2018-06-01/ping", found, Route::ping, ""},
      {"GET", "/2018-06-01/runtime/invocation/next", found, Route::next, ""},
      {"POST", "/2018-06-01/runtime/invocation/8476a536/response", found, Route::response, "8476a536"},
      {"POST", "/2018-06-01/runtime/invocation/8476a536/error", found, Route::error, "8476a536"},
      {"POST", "/2018-06-01/runtime/invocation//response", found, Route::response, ""},
      {"POST", "/2018-06-01/runtime/init/error", found, Route::init_error, ""},
      {"POST", "/2018-06-01/runtime/invocation/next", wrong_method, Route::ping, ""},
      {"GET", "/2018-06-01/runtime/invocation/x/response", wrong_method, Route::ping, ""},
      {"GET", "/2018-06-01/runtime/invocation/next/", no_such_path, Route::ping, ""},
      {"POST", "/2018-06-01/runtime/invocation/a/b/response", no_such_path, Route::ping, ""},
      {"POST", "/2018-06-01/runtime/invocation/response", no_such_path, Route::ping, ""},
      {"GET", "/2018-06-01/runtime/restore/next", no_such_path, Route::ping, ""},
      {"POST", "/2018-06-01/runtime/restore/error", no_such_path, Route::ping, ""},
      {"GET", "/2021-04-23/credentials", no_such_path, Route::ping, ""},
      {"GET", "/", no_such_path, Route::ping, ""},
      {"GET", "", no_such_path, Route::ping, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    const RouteMatch match = match_route(row.method, row.path);
    CHECK(match.kind == row.kind);
    if (row.kind != found) continue;
    CHECK(match.route == row.route);
    CHECK(match.id == row.id);
  }
  CHECK(match_route("GET", "/2018-06-01/runtime/init/error").allowed == "POST");
}

TEST_CASE("the id in the path of a route that was found") {
  CHECK(id_in(Route::response, "/2018-06-01/runtime/invocation/abc/response") == "abc");
  CHECK(id_in(Route::error, "/2018-06-01/runtime/invocation/abc/error") == "abc");
  CHECK(id_in(Route::response, "/2018-06-01/runtime/invocation//response").empty());
  CHECK(id_in(Route::next, "/2018-06-01/runtime/invocation/next").empty());
}
