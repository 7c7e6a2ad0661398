// SPDX-License-Identifier: Apache-2.0
// ServerBench: a Server on a loopback port before a handler of the test's.
#pragma once

#include "base/http/listener.hpp"
#include "tests/unit/base/http/raw_client.hpp"

namespace lemu::http::test {

template <class TestedHandler>
struct ServerBench {
  boost::asio::io_context context{1};
  std::string address;
  TestedHandler handler;
  std::optional<Server> server;

  explicit ServerBench(Limits limits = {}) {
    Result<Fd> listener = listen_on_loopback();
    REQUIRE(listener);
    address = *address_of(*listener);
    server.emplace(context, std::move(*listener), handler, limits);
    server->start();
  }
  RawClient client() { return RawClient(context, address); }
};

}  // namespace lemu::http::test
