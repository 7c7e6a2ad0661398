// SPDX-License-Identifier: Apache-2.0
// EnvironmentPool owns the execution environments of one function version. Each runs one invocation at a
// time. The pool makes as many as concurrent invocations need, and ends those that are idle for too long. It
// lives on its io_context's thread.
//
// The rules are Lambda's ("Understanding Lambda function scaling"). An invocation takes an idle environment,
// or the pool makes a new one. It is throttled if that would exceed the function's reserved concurrency, or
// the account's unreserved concurrency. An invocation ends for its caller with the answer, but for its
// environment only when the runtime asks for the next one. A caller that calls again in between waits for
// that moment: it is not throttled, and no new environment is made for it.
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

/// An environment as the pool sees it: initialised, alive until it is destroyed.
class PooledEnvironment {
 public:
  virtual ~PooledEnvironment() = default;
  /// As ExecutionEnvironment::invoke, REPORT included.
  virtual boost::asio::awaitable<InvocationRecord> invoke(Invocation invocation,
                                                          std::function<void(Answer)> answered) = 0;
  /// The last bytes of the latest invocation's log, from START to REPORT, if the invocation asked for them.
  [[nodiscard]] virtual std::string take_tail() = 0;
  /// Returns true if no invocation can succeed here any more.
  [[nodiscard]] virtual bool lost() const = 0;
  /// Stops the processes between invocations, and lets them run again.
  virtual void freeze() {}
  virtual void thaw() {}
};

class EnvironmentMaker {
 public:
  virtual ~EnvironmentMaker() = default;
  virtual boost::asio::awaitable<Result<std::unique_ptr<PooledEnvironment>>> make() = 0;
  /// Ends an environment that the pool no longer needs.
  virtual void end(std::unique_ptr<PooledEnvironment> environment) = 0;
};

/// The caller of an invocation. Its methods are called on the io_context's thread.
class InvocationClient {
 public:
  virtual ~InvocationClient() = default;
  /// Called once, as soon as the answer is known.
  virtual void answered(Answer answer) = 0;
  /// Called after answered(), when the invocation is complete.
  virtual void completed(const InvocationRecord& record, std::string log_tail) = 0;
  /// Called instead of the two above if there is no environment to invoke.
  virtual void failed(const Error& error) = 0;
  /// Returns true if this caller's answer goes to `reply`.
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
  std::uint32_t queue_limit = 1000;  ///< how many may wait over a limit; more are throttled
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
  /// Runs the task now. With WhenBusy::queue it may wait until a limit allows it.
  Admission submit(PoolTask task);
  /// Removes the task that answers to `reply`, if it has no environment yet. Returns its client, or nullptr.
  std::shared_ptr<InvocationClient> withdraw(const http::Reply& reply);

  /// submit() in two steps, for a caller that must load the task first. A turn counts as an invocation in
  /// flight until run() uses it or give_turn_back() returns it. take_turn() returns false if the limit is
  /// reached. It does not count a throttle: the caller does, with count_throttle().
  [[nodiscard]] bool take_turn() { return enter(); }
  /// Calls `has_turn` as soon as the limit allows another invocation. The turn is taken then.
  void wait_for_turn(std::function<void()> has_turn);
  void run(PoolTask task) { place(std::move(task)); }
  void give_turn_back() { leave(); }
  /// Does nothing if invocations queue: they wait and are not throttled.
  void count_throttle();

  /// Makes `count` environments before there is an invocation for them, but not more than may run at once. An
  /// invocation that comes in the meantime gets the first that is ready.
  void prewarm(std::uint32_t count);
  /// Ends the environments that have been idle for too long, or are too old.
  void expire();

  struct Count {
    std::size_t starting = 0;
    std::size_t busy = 0;
    std::size_t idle = 0;
    std::size_t queued = 0;
  };
  [[nodiscard]] Count count() const;
  /// How many environments were made for an invocation so far.
  [[nodiscard]] std::uint64_t cold_starts() const { return cold_starts_; }
  [[nodiscard]] std::uint64_t throttles() const { return throttles_; }
  /// Invocations that run, or whose environment is being made.
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
  std::map<ConcurrencyLimit::Ticket, std::function<void()>> turns_;  // over the limit, without a task yet
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
