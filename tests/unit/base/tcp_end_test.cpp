// SPDX-License-Identifier: Apache-2.0
#include "base/tcp_end.hpp"

#include <doctest/doctest.h>

using lemu::TcpEnd;

TEST_CASE("numeric addresses are read and written") {
  struct Row {
    const char* text;
    const char* written;
    bool loopback;
    bool wildcard;
  };
  const Row rows[] = {
      {"127.0.0.1", "127.0.0.1:80", true, false},
      {"127.255.0.9", "127.255.0.9:80", true, false},
      {"0.0.0.0", "0.0.0.0:80", false, true},
      {"192.0.2.1", "192.0.2.1:80", false, false},
      {"::1", "[::1]:80", true, false},
      {"[::1]", "[::1]:80", true, false},
      {"::", "[::]:80", false, true},
      {"::ffff:127.0.0.1", "127.0.0.1:80", true, false},
      {"[fe80::1]", "[fe80::1]:80", false, false},
      {"0:0::0:1", "[::1]:80", true, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::optional<TcpEnd> end = TcpEnd::of(row.text, 80);
    REQUIRE(end);
    CHECK(end->text() == row.written);
    CHECK(end->is_loopback() == row.loopback);
    CHECK(end->is_wildcard() == row.wildcard);
    CHECK(TcpEnd::of(end->socket_address()) == *end);
  }
  for (const char* text :
       {"", "localhost", "127.0.0.1:80", "[127.0.0.1", "[::1", "::1]", "1.2.3", "[]", "[a]", "::1%lo"})
    CHECK_FALSE(TcpEnd::of(text, 80));
}
