// SPDX-License-Identifier: Apache-2.0
#include "emulator/pool/pool.hpp"

#include <doctest/doctest.h>

#include "tests/unit/emulator/pool/pool_bench.hpp"

using namespace lemu;
using namespace lemu::emulator;

TEST_CASE("one environment for each concurrent invocation, used again when it is idle") {
  Scene scene({});
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.submit("b") == kAccepted);
  CHECK(scene.pool.count().busy == 2);
  scene.answer(0);
  scene.come_back(0);
  CHECK(scene.pool.count().idle == 1);
  CHECK(scene.submit("c") == kAccepted);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}, {0, "c"}});
  CHECK(scene.caller->answers == 1);
  CHECK(scene.pool.cold_starts() == 2);
}

TEST_CASE("who calls again at once gets the environment that is about to be free") {
  Scene scene({.reserved = 1});
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.submit("refused") == EnvironmentPool::Admission::function_limit);
  scene.answer(0);
  CHECK(scene.submit("b") == kAccepted);
  CHECK(scene.submit("refused") == EnvironmentPool::Admission::function_limit);
  CHECK(scene.pool.count().queued == 1);
  scene.come_back(0);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {0, "b"}});
  scene.answer(0);
  scene.come_back(0);
  CHECK(scene.pool.count().idle == 1);
  CHECK(scene.caller->completions == 2);
}

TEST_CASE("a runtime that does not come back is waited for a moment only") {
  Scene scene({});
  CHECK(scene.submit("a") == kAccepted);
  scene.answer(0);
  CHECK(scene.submit("b") == kAccepted);
  CHECK(scene.runtimes.invoked.size() == 1);
  scene.now += std::chrono::seconds(1);
  scene.context.restart();
  scene.context.run_for(std::chrono::seconds(10));  // until the timer has fired; there is nothing else to do
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}});
}

TEST_CASE("a function has no more environments than its concurrency, whatever its runtimes do") {
  Scene scene({.reserved = 1});
  CHECK(scene.submit("a") == kAccepted);
  scene.answer(0);
  CHECK(scene.submit("b") == kAccepted);
  scene.now += std::chrono::seconds(1);
  scene.context.restart();
  scene.context.run_for(std::chrono::milliseconds(200));
  CHECK(scene.runtimes.fakes.size() == 1);
  scene.come_back(0);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {0, "b"}});
}

TEST_CASE("the account's limit is what functions without a reservation share") {
  Scene scene({}, 3);
  scene.account.reserve(2);
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.submit("b") == EnvironmentPool::Admission::account_limit);
  scene.answer(0);
  CHECK(scene.account.unreserved().in_flight() == 0);
}

TEST_CASE("an environment that is lost is not used again") {
  Scene scene({});
  CHECK(scene.submit("a") == kAccepted);
  scene.runtimes.fakes[0]->lost_ = true;
  scene.answer(0);
  scene.come_back(0);
  CHECK(scene.runtimes.ended == std::vector<int>{0});
  CHECK(scene.submit("b") == kAccepted);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}});
}

TEST_CASE("cold: each invocation has a fresh environment") {
  Scene scene({.reserved = 1, .reuse = PoolSettings::Reuse::never});
  CHECK(scene.submit("a") == kAccepted);
  scene.answer(0);
  CHECK(scene.submit("b") == kAccepted);
  scene.come_back(0);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}});
  CHECK(scene.runtimes.ended == std::vector<int>{0});
}

TEST_CASE("without an environment the caller is told, and the next tries again") {
  Scene scene({.reserved = 1});
  scene.runtimes.broken = true;
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.caller->failures == 1);
  scene.runtimes.broken = false;
  CHECK(scene.submit("b") == kAccepted);
  CHECK(scene.runtimes.invoked == Invoked{{0, "b"}});
}

TEST_CASE("idle too long, or too old") {
  Scene scene({.idle_timeout = std::chrono::minutes(10), .max_age = std::chrono::minutes(15)});
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.submit("b") == kAccepted);
  for (std::size_t i : {0, 1}) {
    scene.answer(i);
    scene.come_back(i);
  }
  scene.now += std::chrono::minutes(9);
  CHECK(scene.submit("c") == kAccepted);  // the last to come to rest
  scene.answer(1);
  scene.come_back(1);
  scene.now += std::chrono::minutes(2);
  scene.pool.expire();
  CHECK(scene.runtimes.ended == std::vector<int>{0});
  scene.now += std::chrono::minutes(5);
  scene.pool.expire();
  CHECK(scene.runtimes.ended == std::vector<int>{0, 1});
}
