// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/host_guard.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {

TEST_CASE("who the daemon answers to") {
  const HostGuard local(HostGuard::Reach::loopback, {"lambda.test"});
  for (const char* host : {"localhost", "localhost:9000", "LOCALHOST", "app.localhost:1", "127.0.0.1:9000",
                           "127.1.2.3", "[::1]:9000", "lambda.test", "Lambda.Test:9000"})
    CHECK_MESSAGE(local.is_ours(host), host);
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1",
                           "[fe80::1]", "127.evil", "", "["})
    CHECK_FALSE_MESSAGE(local.is_ours(host), host);
  const HostGuard network(HostGuard::Reach::network, {});
  CHECK(network.is_ours("10.0.0.1:9000"));
  CHECK_FALSE(network.is_ours("evil.example"));
}

}  // namespace lemu::emulator
