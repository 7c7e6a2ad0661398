// SPDX-License-Identifier: Apache-2.0
#include "base/http/host_guard.hpp"

#include <doctest/doctest.h>

#include "base/http/parser.hpp"

namespace lemu::http {
namespace {

using Reach = HostGuard::Reach;
using HostField = HostGuard::HostField;

/// "" when there is none, "400" or "403".
std::string objection(const HostGuard& guard, const std::string& head) {
  Request request;
  RequestParser parser(request, 4096);
  RequestParser::ErrorCode ec;
  const std::string text = head + "\r\n";
  parser.put(boost::asio::buffer(text), ec);
  REQUIRE_FALSE(ec);
  const std::optional<HostGuard::Objection> found = guard.objection(request);
  if (!found) return "";
  return found->kind == HostGuard::Objection::Kind::malformed ? "400" : "403";
}

}  // namespace

TEST_CASE("who a server answers to") {
  const HostGuard local(Reach::loopback, HostField::demanded, {"lambda.test", "Upper.Example"});
  for (const char* host :
       {"localhost", "localhost:9000", "LOCALHOST", "app.localhost:1", "127.0.0.1:9000", "127.1.2.3",
        "[::1]:9000", "[::1]", "lambda.test", "Lambda.Test:9000", "upper.example:1", "UPPER.example"})
    CHECK_MESSAGE(local.is_ours(host), host);
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1",
                           "[fe80::1]", "127.evil", "", "[", "[::1", "[::1]evil", "localhost:x@evil.example",
                           "localhost@evil.example", "service", "host.docker.internal"})
    CHECK_FALSE_MESSAGE(local.is_ours(host), host);
  const HostGuard network(Reach::network, HostField::demanded);
  CHECK(network.is_ours("10.0.0.1:9000"));
  CHECK_FALSE(network.is_ours("evil.example"));
  CHECK_FALSE(network.is_ours("service"));
  const HostGuard container(Reach::container, HostField::optional);
  for (const char* host : {"10.0.0.1:8080", "service:8080", "my_service", "host.docker.internal"})
    CHECK_MESSAGE(container.is_ours(host), host);
  for (const char* host : {"evil.example", "internal.evil.example", "localhost@evil", ""})
    CHECK_FALSE_MESSAGE(container.is_ours(host), host);
}

TEST_CASE("what a server objects to in a request") {
  const HostGuard guard(Reach::loopback, HostField::demanded);
  struct Row {
    const char* head;
    const char* objection;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"GET / HTTP/1.1\r\nHost: localhost\r\n", ""},
           {"GET / HTTP/1.0\r\n", ""},
           {"GET / HTTP/1.1\r\n", "400"},
           {"GET / HTTP/1.1\r\nHost:\r\n", "403"},
           {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", "400"},
           {"GET / HTTP/1.0\r\nHost: localhost\r\nhost: localhost\r\n", "400"},
           {"GET / HTTP/1.1\r\nHost: evil.example\r\n", "403"},
           // The target's host goes before the field's (RFC 9112, 3.2.2).
           {"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n", "403"},
           {"GET http://localhost:9000/ HTTP/1.1\r\nHost: evil.example\r\n", ""},
           {"GET HTTP://evil.example HTTP/1.0\r\n", "403"},
           {"GET http://localhost@evil.example/ HTTP/1.1\r\nHost: localhost\r\n", "403"},
           {"GET / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:1\r\n", ""},
           {"GET / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:2\r\n", "403"},
           {"GET / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: null\r\n", "403"},
           {"GET / HTTP/1.1\r\nHost: a.localhost\r\nOrigin: http://a.localhost\r\norigin: http://b\r\n",
            "403"},
           {"GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n", "403"},
           {"GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-site\r\n", "403"},
           {"GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n", ""},
           {"GET / HTTP/1.1\r\nHost: localhost\r\nsec-fetch-site: none\r\nSec-Fetch-Mode: navigate\r\n", ""},
       }) {
    CAPTURE(row.head);
    CHECK(objection(guard, row.head) == row.objection);
  }
  const HostGuard lenient(Reach::container, HostField::optional);
  CHECK(objection(lenient, "GET / HTTP/1.1\r\n") == "");
  CHECK(objection(lenient, "GET / HTTP/1.1\r\nOrigin: http://evil.example\r\n") == "403");
}

TEST_CASE("a host's name") {
  for (const char* name : {"a", "lambda.test", "my_service", "A-1.b"}) CHECK(is_host_name(name));
  for (const char* name : {"", "a.b:9000", "http://a", "a b", "*.a", "[::1]"})
    CHECK_FALSE(is_host_name(name));
}

}  // namespace lemu::http
