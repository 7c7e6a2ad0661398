// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/pool.hpp"

#include <doctest/doctest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

using namespace lemu;
using namespace lemu::emulator;
namespace asio = boost::asio;

namespace {

/// Environments whose runtimes answer, and come back for the next event, when the test says so.
struct Runtimes : EnvironmentMaker {
  struct Fake : PooledEnvironment {
    Fake(Runtimes& all, int number) : all_(all), number_(number) {}
    asio::awaitable<InvocationRecord> invoke(Invocation invocation,
                                             std::function<void(Answer)> answered) override {
      answered_ = std::move(answered);
      all_.invoked.push_back({number_, invocation.event.request_id});
      co_await back_.async_wait(asio::as_tuple(asio::use_awaitable));
      back_.expires_at(asio::steady_timer::time_point::max());
      co_return InvocationRecord{};
    }
    std::string take_tail() override { return {}; }
    [[nodiscard]] bool lost() const override { return lost_; }

    Runtimes& all_;
    int number_;
    bool lost_ = false;
    std::function<void(Answer)> answered_;
    asio::steady_timer back_{all_.context, asio::steady_timer::time_point::max()};
  };

  explicit Runtimes(asio::io_context& io) : context(io) {}
  asio::awaitable<Result<std::unique_ptr<PooledEnvironment>>> make() override {
    if (broken) co_return fail(Error{.message = "broken"});
    auto made = std::make_unique<Fake>(*this, static_cast<int>(fakes.size()));
    fakes.push_back(made.get());
    co_return std::unique_ptr<PooledEnvironment>(std::move(made));
  }
  void end(std::unique_ptr<PooledEnvironment> environment) override {
    ended.push_back(static_cast<Fake&>(*environment).number_);
  }
  void answer(std::size_t number) { std::exchange(fakes.at(number)->answered_, {})(Answer{}); }
  void come_back(std::size_t number) { fakes.at(number)->back_.cancel(); }

  asio::io_context& context;
  std::vector<Fake*> fakes;
  std::vector<std::pair<int, std::string>> invoked;  // environment, request
  std::vector<int> ended;
  bool broken = false;
};

struct Caller : InvocationClient {
  void answered(Answer) override { ++answers; }
  void completed(const InvocationRecord&, std::string) override { ++completions; }
  void failed(const Error&) override { ++failures; }
  int answers = 0;
  int completions = 0;
  int failures = 0;
};

struct Scene {
  explicit Scene(PoolSettings settings)
      : pool(context, runtimes, account, settings, [this] { return now; }) {}

  EnvironmentPool::Admission submit(const std::string& id) {
    PoolTask task;
    task.invocation.event.request_id = id;
    task.client = caller;
    const EnvironmentPool::Admission admission = pool.submit(std::move(task));
    settle();
    return admission;
  }
  void settle() {
    context.restart();
    context.poll();
  }
  void answer(std::size_t number) {
    runtimes.answer(number);
    settle();
  }
  void come_back(std::size_t number) {
    runtimes.come_back(number);
    settle();
  }

  asio::io_context context;
  Runtimes runtimes{context};
  AccountConcurrency account;
  EnvironmentPool::Clock::time_point now = EnvironmentPool::Clock::now();
  std::shared_ptr<Caller> caller = std::make_shared<Caller>();
  EnvironmentPool pool;
};

using Invoked = std::vector<std::pair<int, std::string>>;
constexpr EnvironmentPool::Admission kAccepted = EnvironmentPool::Admission::accepted;

}  // namespace

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

TEST_CASE("the account's limit is what functions without a reservation share") {
  Scene scene({});
  scene.account.limit = 3;
  scene.account.reserved = 2;
  CHECK(scene.submit("a") == kAccepted);
  CHECK(scene.submit("b") == EnvironmentPool::Admission::account_limit);
  scene.answer(0);
  CHECK(scene.account.in_flight == 0);
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
