// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/client/endpoint.hpp"

#include <doctest/doctest.h>

#include "base/http/host_lookup.hpp"

namespace lemu::emulator::cli {

TEST_CASE("endpoints by address and by name") {
  struct Row {
    const char* text;
    const char* url;  // nothing: refused
  };
  const Row rows[] = {
      {"http://127.0.0.1:9000", "http://127.0.0.1:9000"},
      {"127.0.0.1:9000", "http://127.0.0.1:9000"},
      {"http://127.0.0.1", "http://127.0.0.1:80"},
      {"http://127.0.0.1:9000/", "http://127.0.0.1:9000"},
      {"http://127.0.0.1:9000/any/path", "http://127.0.0.1:9000"},
      {"localhost:9000", "http://localhost:9000"},
      {"http://build-host.example:1", "http://build-host.example:1"},
      {"http://[::1]:9000", "http://[::1]:9000"},
      {"[::1]", "http://[::1]:80"},
      {"", nullptr},
      {"http://", nullptr},
      {"https://localhost", nullptr},
      {"http://a b", nullptr},
      {"::1:9000", nullptr},
      {"[::1:9000", nullptr},
      {"[]:1", nullptr},
      {"host:x", nullptr},
      {"host:70000", nullptr},
      {"http://user@host:1", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Result<Endpoint> endpoint = Endpoint::parse(row.text);
    REQUIRE(endpoint.has_value() == (row.url != nullptr));
    if (endpoint) CHECK(endpoint->url() == row.url);
  }
}

TEST_CASE("names in a file of hosts") {
  constexpr std::string_view hosts =
      "# a comment\n"
      "127.0.0.1\tlocalhost one\n"
      "::1 localhost one # two\n"
      "  192.0.2.7   Two three\r\n"
      "\n"
      "nonsense two\n"
      "192.0.2.8 two";
  const auto found = [&](const char* name) {
    std::string text;
    for (const TcpEnd& end : http::addresses_in_hosts(hosts, name, 80)) text += end.text() + " ";
    return text;
  };
  CHECK(found("one") == "127.0.0.1:80 [::1]:80 ");
  CHECK(found("TWO") == "192.0.2.7:80 192.0.2.8:80 ");
  CHECK(found("three") == "192.0.2.7:80 ");
  CHECK(found("thre").empty());
  CHECK(found("").empty());
  CHECK(found("#").empty());
}

TEST_CASE("localhost is never asked of anybody") {
  for (const char* name : {"localhost", "Localhost", "lemu.localhost"}) {
    const Result<std::vector<TcpEnd>> ends = http::look_up_host(name, 9000);
    REQUIRE(ends);
    REQUIRE(ends->size() == 2);
    CHECK((*ends)[0].text() == "127.0.0.1:9000");
    CHECK((*ends)[1].text() == "[::1]:9000");
  }
}

}  // namespace lemu::emulator::cli
