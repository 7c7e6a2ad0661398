// SPDX-License-Identifier: Apache-2.0
// What waits: by --queue over a limit, and for environments that are about to be free.
#include <doctest/doctest.h>

#include "emulator/pool/pool.hpp"
#include "tests/unit/emulator/pool/pool_bench.hpp"

using namespace lemu;
using namespace lemu::emulator;

namespace {

constexpr PoolSettings kQueues{.when_busy = PoolSettings::WhenBusy::queue};

}  // namespace

TEST_CASE("those that queue are taken in their order") {
  Scene scene({.reserved = 1, .when_busy = PoolSettings::WhenBusy::queue});
  for (const char* id : {"a", "b", "c"}) CHECK(scene.submit(id) == kAccepted);
  scene.answer(0);
  CHECK(scene.submit("d") == kAccepted);
  for (int i = 0; i < 3; ++i) {
    scene.come_back(0);
    scene.answer(0);
  }
  scene.come_back(0);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {0, "b"}, {0, "c"}, {0, "d"}});
  CHECK(scene.pool.count().idle == 1);
  CHECK(scene.submit("e") == kAccepted);
}

TEST_CASE("concurrency 0 refuses, queue or not") {
  for (const PoolSettings::WhenBusy when : {PoolSettings::WhenBusy::refuse, PoolSettings::WhenBusy::queue}) {
    Scene scene({.reserved = 0, .when_busy = when});
    CHECK(scene.submit("a") == EnvironmentPool::Admission::function_limit);
  }
}

TEST_CASE("at the account's limit all functions wait in one order") {
  Account account(2);
  Function b(account.context, account.account, kQueues, account.now);
  Function c(account.context, account.account, kQueues, account.now);
  for (const char* id : {"b1"}) CHECK(b.submit(id) == kAccepted);
  for (const char* id : {"c1", "c2"}) CHECK(c.submit(id) == kAccepted);
  for (const char* id : {"b2", "b3"}) CHECK(b.submit(id) == kAccepted);
  CHECK(c.submit("c3") == kAccepted);
  CHECK(b.pool.count().queued == 2);
  CHECK(c.pool.count().queued == 2);

  b.answer(0);  // for c2, which waits the longest, though it is another function's
  CHECK(c.runtimes.invoked == Invoked{{0, "c1"}, {1, "c2"}});
  b.come_back(0);
  CHECK(b.runtimes.invoked == Invoked{{0, "b1"}});
  CHECK(b.pool.count().idle == 1);
  c.answer(0);  // for b2, which finds the idle one
  CHECK(b.runtimes.invoked == Invoked{{0, "b1"}, {0, "b2"}});
  c.answer(1);  // for b3, before c3
  CHECK(b.runtimes.invoked == Invoked{{0, "b1"}, {0, "b2"}, {1, "b3"}});
  CHECK(c.runtimes.invoked.size() == 2);
  c.come_back(0);
  CHECK(c.runtimes.invoked.size() == 2);
  b.answer(0);
  CHECK(c.runtimes.invoked == Invoked{{0, "c1"}, {1, "c2"}, {0, "c3"}});
}

TEST_CASE("a queue is waited in also by a function of which nothing runs") {
  Account account(1);
  Function b(account.context, account.account, {}, account.now);
  Function c(account.context, account.account, kQueues, account.now);
  CHECK(b.submit("b1") == kAccepted);
  CHECK(c.submit("c1") == kAccepted);
  CHECK(b.submit("b2") == EnvironmentPool::Admission::account_limit);
  b.answer(0);
  CHECK(c.runtimes.invoked == Invoked{{0, "c1"}});
}

TEST_CASE("a function that is gone waits no more") {
  Account account(1);
  Function b(account.context, account.account, kQueues, account.now);
  {
    Function c(account.context, account.account, kQueues, account.now);
    CHECK(b.submit("b1") == kAccepted);
    CHECK(c.submit("c1") == kAccepted);
  }
  CHECK(b.submit("b2") == kAccepted);
  b.answer(0);
  b.come_back(0);
  CHECK(b.runtimes.invoked == Invoked{{0, "b1"}, {0, "b2"}});
}

TEST_CASE("an environment made ahead serves who waits for one that does not come back") {
  Scene scene({.reserved = 1});
  CHECK(scene.submit("a") == kAccepted);
  scene.answer(0);
  CHECK(scene.submit("b") == kAccepted);  // waits behind the answer of a
  CHECK(scene.runtimes.invoked.size() == 1);
  scene.pool.prewarm(1);
  scene.settle();
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}});
  CHECK(scene.pool.count().idle == 0);
}

TEST_CASE("who has gone is not waited for by others, and not run") {
  Scene scene({.reserved = 1, .when_busy = PoolSettings::WhenBusy::queue});
  const auto gone = std::make_shared<Caller>();
  gone->place = http::Reply({}, 1);
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.pool.withdraw(scene.caller->place) == nullptr);  // it runs
  CHECK(scene.submit("b", gone) == kAccepted);
  CHECK(scene.submit("c") == kAccepted);
  CHECK(scene.pool.withdraw(gone->place) == gone);
  CHECK(scene.pool.withdraw(gone->place) == nullptr);
  CHECK(gone.use_count() == 1);
  scene.answer(0);
  CHECK(scene.submit("d", gone) == kAccepted);
  CHECK(scene.pool.count().queued == 2);
  scene.come_back(0);
  scene.answer(0);
  CHECK(scene.pool.withdraw(gone->place) ==
        gone);  // it waited for the answer's runtime, as the one in flight
  CHECK(scene.pool.in_flight() == 0);
  scene.come_back(0);
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {0, "c"}});
  CHECK(scene.pool.count().idle == 1);
}

TEST_CASE("the queue has an end") {
  Scene scene({.reserved = 1, .when_busy = PoolSettings::WhenBusy::queue, .queue_limit = 2});
  for (const char* id : {"a", "b", "c"}) CHECK(scene.submit(id) == kAccepted);
  CHECK(scene.submit("d") == EnvironmentPool::Admission::function_limit);
  CHECK(scene.pool.throttles() == 1);
  scene.answer(0);
  CHECK(scene.submit("e") == kAccepted);
}

TEST_CASE("who comes while an environment is made ahead waits for that one") {
  Scene scene({.reserved = 2});
  scene.runtimes.slow = true;
  scene.pool.prewarm(1);
  scene.settle();
  CHECK(scene.submit("a") == kAccepted);
  scene.now += std::chrono::seconds(5);  // however long that takes
  scene.context.restart();
  scene.context.run_for(std::chrono::milliseconds(200));
  CHECK(scene.pool.count().starting == 1);
  CHECK(scene.submit("b") == kAccepted);  // for which none is made
  CHECK(scene.pool.count().starting == 2);
  scene.make_next();
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}});
  scene.make_next();
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}});
  CHECK(scene.pool.cold_starts() == 1);
}

TEST_CASE("where none could be made ahead, who waited for it has one made") {
  Scene scene({});
  scene.runtimes.slow = scene.runtimes.broken = true;
  scene.pool.prewarm(1);
  scene.settle();
  CHECK(scene.submit("a") == kAccepted);
  scene.now += std::chrono::seconds(1);
  scene.make_next();
  CHECK(scene.caller->failures == 0);
  scene.make_next();
  CHECK(scene.caller->failures == 1);  // and is told why there is none
  CHECK(scene.pool.in_flight() == 0);
  CHECK(scene.pool.count().starting == 0);
}

TEST_CASE("no more are made ahead than may run") {
  Scene scene({.reserved = 2});
  scene.pool.prewarm(5);
  scene.settle();
  CHECK(scene.pool.count().idle == 2);
}

TEST_CASE("cold: one made ahead serves one invocation") {
  Scene scene({.reuse = PoolSettings::Reuse::never});
  scene.pool.prewarm(1);
  scene.settle();
  CHECK(scene.pool.count().idle == 1);
  for (const char* id : {"a", "b"}) CHECK(scene.submit(id) == kAccepted);
  CHECK(scene.pool.cold_starts() == 1);
  scene.answer(0);
  scene.come_back(0);
  CHECK(scene.runtimes.ended == std::vector<int>{0});
  CHECK(scene.runtimes.invoked == Invoked{{0, "a"}, {1, "b"}});
}
