// SPDX-License-Identifier: Apache-2.0
// EnvironmentPool: the execution environments of one function version: one invocation each at a time, as many
// as concurrent invocations need, kept warm until they have been idle too long. Owns them. Lives on its
// io_context's thread.
//
// The rules are Lambda's ("Understanding Lambda function scaling"): an invocation takes an idle environment
// or has a new one made for it, unless that would exceed the function's reserved concurrency or what the
// account has left for functions without one. For its caller an invocation is over with the answer, for its
// environment only when the runtime asks for the next: who calls again at once waits that moment instead of
// being refused, or given a new environment.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "emulator/environment/execution_environment.hpp"
#include "emulator/environment/stillness.hpp"
#include "emulator/pool/concurrency.hpp"

namespace lemu::emulator {

/// An environment as the pool sees it: initialised, and alive until destroyed.
class PooledEnvironment {
 public:
  virtual ~PooledEnvironment() = default;
  /// As ExecutionEnvironment::invoke, REPORT included.
  virtual boost::asio::awaitable<InvocationRecord> invoke(Invocation invocation,
                                                          std::function<void(Answer)> answered) = 0;
  /// The log of the latest invocation alone, START to REPORT: its last bytes, when it was asked for.
  [[nodiscard]] virtual std::string take_tail() = 0;
  /// No invocation can succeed here any more.
  [[nodiscard]] virtual bool lost() const = 0;
  /// Between invocations: no processor time; and back.
  virtual void freeze() {}
  virtual void thaw() {}
};

class EnvironmentMaker {
 public:
  virtual ~EnvironmentMaker() = default;
  virtual boost::asio::awaitable<Result<std::unique_ptr<PooledEnvironment>>> make() = 0;
  /// Takes over one that is no longer wanted.
  virtual void end(std::unique_ptr<PooledEnvironment> environment) = 0;
};

/// Who waits for an invocation. Called on the io_context's thread.
class InvocationClient {
 public:
  virtual ~InvocationClient() = default;
  /// As soon as the answer is known, once.
  virtual void answered(Answer answer) = 0;
  /// The invocation is complete; after answered().
  virtual void completed(const InvocationRecord& record, std::string log_tail) = 0;
  /// There is no environment to invoke; in place of both.
  virtual void failed(const Error& error) = 0;
  /// Whether it is to be answered there.
  [[nodiscard]] virtual bool answers_to(const http::Reply& /*reply*/) const { return false; }
};

struct PoolTask {
  Invocation invocation;
  std::shared_ptr<InvocationClient> client;
};

struct PoolSettings {
  std::optional<std::uint32_t> reserved = {};
  std::chrono::nanoseconds idle_timeout = std::chrono::minutes(10);
  std::chrono::nanoseconds max_age = std::chrono::hours(8);
  enum class Reuse { warm, never } reuse = Reuse::warm;
  enum class WhenBusy { refuse, queue } when_busy = WhenBusy::refuse;
  std::uint32_t queue_limit = 1000;  ///< that wait over a limit; more are throttled
  Rest rest = Rest::running;
};

class EnvironmentPool : private ConcurrencyLimit::Waiter {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;

  EnvironmentPool(boost::asio::io_context& context, EnvironmentMaker& maker, AccountConcurrency& account,
                  PoolSettings settings, Now now = Clock::now);
  ~EnvironmentPool() override;
  EnvironmentPool(const EnvironmentPool&) = delete;
  EnvironmentPool& operator=(const EnvironmentPool&) = delete;

  enum class Admission { accepted, function_limit, account_limit };
  /// Runs the task now or, where queueing is asked for, when its turn comes.
  Admission submit(PoolTask task);
  /// Takes a task that has no environment yet out again: its client, or nullptr when there is none.
  std::shared_ptr<InvocationClient> withdraw(const http::Reply& reply);

  /// submit() in two steps, for who must fetch the task first: a turn that was taken counts as in flight, and
  /// is used by run() or given back. False where there is none, which is no throttle until it is counted so.
  [[nodiscard]] bool take_turn() { return enter(); }
  /// After take_turn() had none: `has_turn` is called in its turn, with one taken.
  void wait_for_turn(std::function<void()> has_turn);
  void run(PoolTask task) { place(std::move(task)); }
  void give_turn_back() { leave(); }
  /// Where invocations queue that is no throttle.
  void count_throttle();

  /// Makes environments ahead of their first invocations, as many as may run at once if that is less. One
  /// that is being made serves who comes meanwhile.
  void prewarm(std::uint32_t count);
  /// Ends those that are idle too long or too old by `now`.
  void expire();

  struct Count {
    std::size_t starting = 0;
    std::size_t busy = 0;
    std::size_t idle = 0;
    std::size_t queued = 0;
  };
  [[nodiscard]] Count count() const;
  /// Environments made for an invocation since the beginning.
  [[nodiscard]] std::uint64_t cold_starts() const { return cold_starts_; }
  [[nodiscard]] std::uint64_t throttles() const { return throttles_; }
  /// Invocations that run or have an environment made.
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  [[nodiscard]] const PoolSettings& settings() const { return settings_; }

 private:
  struct Slot {
    std::unique_ptr<PooledEnvironment> environment;  // none while it is being made
    enum class State { starting, busy, answered, idle } state = State::starting;
    Clock::time_point born;
    Clock::time_point idle_since;
    bool used = false;  // by an invocation
    std::list<Slot>::iterator self;
  };

  struct Waiting {
    PoolTask task;
    Clock::time_point since;
  };

  bool enter();
  void leave();
  void on_turn(ConcurrencyLimit::Ticket ticket) override;
  [[nodiscard]] bool queues() const;
  void place(PoolTask task);
  void answered(Slot& slot);
  void wait_for_answered(PoolTask task);
  PoolTask take_waiting();
  void look_after_waiting();
  void look_after_waiting_at(Clock::time_point when);
  [[nodiscard]] std::size_t slots_in_use() const { return slots_.size() - idle_.size(); }
  void run_on(Slot& slot, PoolTask task);
  Slot& new_slot();
  Slot* idle_slot();
  boost::asio::awaitable<Status> make(Slot& slot);
  boost::asio::awaitable<void> serve(Slot& slot, PoolTask task);
  boost::asio::awaitable<void> warm_up(Slot& slot);
  [[nodiscard]] bool reusable(const Slot& slot) const;
  void rest(Slot& slot);
  void retire(Slot& slot);
  [[nodiscard]] Clock::time_point expiry_of(const Slot& slot) const;
  void expire_at(Clock::time_point when);

  boost::asio::io_context& context_;
  EnvironmentMaker& maker_;
  const PoolSettings settings_;
  ConcurrencyLimit reserved_;
  ConcurrencyLimit& limit_;  // that, or what the account's functions share
  const Now now_;
  std::list<Slot> slots_;
  std::vector<Slot*> idle_;  // the last to come to rest is the first to be used: others can expire
  std::map<ConcurrencyLimit::Ticket, PoolTask> queue_;               // over the limit
  std::map<ConcurrencyLimit::Ticket, std::function<void()>> turns_;  // likewise, without their tasks
  std::deque<Waiting> waiting_;  // in flight, for an environment that is about to be free
  std::size_t answered_ = 0;     // slots in that state
  std::size_t warming_ = 0;      // slots that are made ahead
  std::uint32_t in_flight_ = 0;
  std::uint64_t cold_starts_ = 0;
  std::uint64_t throttles_ = 0;
  boost::asio::steady_timer timer_;
  bool timer_running_ = false;
  boost::asio::steady_timer waiting_timer_;
  bool waiting_timer_running_ = false;
};

}  // namespace lemu::emulator
