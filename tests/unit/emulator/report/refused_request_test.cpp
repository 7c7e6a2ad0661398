// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/refused_request.hpp"

#include <doctest/doctest.h>

using namespace lemu;
using namespace lemu::emulator;

TEST_CASE("a refused request is named, escaped and cut, with the reason") {
  struct Row {
    http::Refused refused;
    std::string told;
  };
  const std::string long_target(500, 'x');
  const Row rows[] = {
      {{404, "GET", "/nowhere", "there is no such path"},
       "the Runtime API answered 404 to 'GET /nowhere': there is no such path"},
      {{400, "", "", "bad method"},
       "the Runtime API answered 400 to a request that it cannot read: bad method"},
      {{503, "", "", "there are too many connections"},
       "the Runtime API answered 503 to a connection: there are too many connections"},
      {{404, "GET", "/\x1b[2J", "no"}, "the Runtime API answered 404 to 'GET /\\x1b[2J': no"},
      {{404, "GET", long_target, "no"},
       "the Runtime API answered 404 to 'GET " + long_target.substr(0, 196) + "…': no"},
  };
  for (const Row& row : rows) CHECK(refused_request(row.refused) == row.told);
}
