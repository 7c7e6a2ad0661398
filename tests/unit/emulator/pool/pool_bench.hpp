// SPDX-License-Identifier: Apache-2.0
// Pools of environments whose runtimes do what a test says, by a clock that a test sets.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emulator/pool/pool.hpp"

namespace lemu::emulator {

/// Environments whose runtimes answer, and come back for the next event, when the test says so.
struct Runtimes : EnvironmentMaker {
  struct Fake : PooledEnvironment {
    Fake(Runtimes& all, int number) : all_(all), number_(number) {}
    boost::asio::awaitable<InvocationRecord> invoke(Invocation invocation,
                                                    std::function<void(Answer)> answered) override {
      answered_ = std::move(answered);
      all_.invoked.push_back({number_, invocation.event.request_id});
      co_await back_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      back_.expires_at(boost::asio::steady_timer::time_point::max());
      co_return InvocationRecord{};
    }
    std::string take_tail() override { return {}; }
    [[nodiscard]] bool lost() const override { return lost_; }

    Runtimes& all_;
    int number_;
    bool lost_ = false;
    std::function<void(Answer)> answered_;
    boost::asio::steady_timer back_{all_.context, boost::asio::steady_timer::time_point::max()};
  };

  explicit Runtimes(boost::asio::io_context& io) : context(io) {}
  boost::asio::awaitable<Result<std::unique_ptr<PooledEnvironment>>> make() override {
    if (slow) {
      boost::asio::steady_timer init(context, boost::asio::steady_timer::time_point::max());
      being_made.push_back(&init);
      co_await init.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
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

  boost::asio::io_context& context;
  std::vector<Fake*> fakes;
  std::vector<std::pair<int, std::string>> invoked;  // environment, request
  std::vector<int> ended;
  bool broken = false;
  bool slow = false;  // the test says when one is made
  std::vector<boost::asio::steady_timer*> being_made;
};

struct Caller : InvocationClient {
  void answered(Answer) override { ++answers; }
  void completed(const InvocationRecord&, std::string) override { ++completions; }
  void failed(const Error&) override { ++failures; }
  [[nodiscard]] bool answers_to(const http::Reply& reply) const override { return reply == place; }
  http::Reply place = http::Reply({}, 0);
  int answers = 0;
  int completions = 0;
  int failures = 0;
};

/// A function of an account.
struct Function {
  Function(boost::asio::io_context& io, AccountConcurrency& account, PoolSettings settings,
           const EnvironmentPool::Clock::time_point& now)
      : context(io), runtimes(io), pool(io, runtimes, account, settings, [&now] { return now; }) {}

  EnvironmentPool::Admission submit(const std::string& id) { return submit(id, caller); }
  EnvironmentPool::Admission submit(const std::string& id, std::shared_ptr<InvocationClient> client) {
    PoolTask task;
    task.invocation.event.request_id = id;
    task.client = std::move(client);
    const EnvironmentPool::Admission admission = pool.submit(std::move(task));
    settle();
    return admission;
  }
  void settle() {
    context.restart();
    context.poll();
  }
  void make_next() {
    REQUIRE_FALSE(runtimes.being_made.empty());
    boost::asio::steady_timer* init = runtimes.being_made.front();
    runtimes.being_made.erase(runtimes.being_made.begin());
    init->cancel();
    settle();
  }
  void answer(std::size_t number) {
    runtimes.answer(number);
    settle();
  }
  void come_back(std::size_t number) {
    runtimes.come_back(number);
    settle();
  }

  boost::asio::io_context& context;
  Runtimes runtimes;
  std::shared_ptr<Caller> caller = std::make_shared<Caller>();
  EnvironmentPool pool;
};

struct Account {
  explicit Account(std::uint32_t limit = AccountConcurrency::kLimit) : account(limit) {}

  boost::asio::io_context context;
  AccountConcurrency account;
  EnvironmentPool::Clock::time_point now = EnvironmentPool::Clock::now();
};

/// An account with one function.
struct Scene : Account, Function {
  explicit Scene(PoolSettings settings, std::uint32_t limit = AccountConcurrency::kLimit)
      : Account(limit), Function(Account::context, account, settings, now) {}
  using Account::context;
};

using Invoked = std::vector<std::pair<int, std::string>>;
constexpr EnvironmentPool::Admission kAccepted = EnvironmentPool::Admission::accepted;

}  // namespace lemu::emulator
