// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/routes.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {

TEST_CASE("a path and its name") {
  struct Row {
    const char* pattern;
    const char* path;
    const char* name;  // nothing: another path
  };
  const Row rows[] = {
      {"/health", "/health", ""},
      {"/health", "/health/", ""},
      {"/health", "/healthy", nullptr},
      {"/health", "/", nullptr},
      {"/health", "", nullptr},
      {"/f/{name}/invocations", "/f/hello/invocations", "hello"},
      {"/f/{name}/invocations", "/f/hello/invocations/", "hello"},
      {"/f/{name}/invocations", "/f/a%2Fb/invocations", "a%2Fb"},
      {"/f/{name}/invocations", "/f//invocations", nullptr},
      {"/f/{name}/invocations", "/f/invocations", nullptr},
      {"/f/{name}/invocations", "/f/a/b/invocations", nullptr},
      {"/f/{name}/invocations", "/f/hello", nullptr},
      {"/logs/{name}", "/logs/hello", "hello"},
      {"/logs/{name}", "/logs/", nullptr},
      {"/logs/{name}", "/logs", nullptr},
      {"/logs/{name}", "/logs/a/b", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    CAPTURE(row.path);
    const std::optional<std::string_view> name = match_path(row.pattern, row.path);
    CHECK(name.has_value() == (row.name != nullptr));
    if (name && row.name != nullptr) CHECK(*name == row.name);
  }
}

TEST_CASE("what has no route is told which methods there are, or that there is no such path") {
  const NoSuchPath words = [](std::string_view path) { return "no " + std::string(path); };
  const ApiError gone = no_route("/x", "", words);
  CHECK(gone.fault == ApiFault::unknown_operation);
  CHECK(gone.message == "no /x");
  const ApiError method = no_route("/x", "GET, POST", words);
  CHECK(method.fault == ApiFault::method_not_allowed);
  CHECK(method.message == "/x is for GET, POST only");
  CHECK(method.allow == "GET, POST");
}

}  // namespace lemu::emulator
