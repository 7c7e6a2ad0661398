// SPDX-License-Identifier: Apache-2.0
// AsyncQueue: asynchronous invocations, at least once each: accepted when they are on disk, run when they are
// due, tried again or given up by RetryRules. Owned by the daemon; lives on its io_context's thread; what
// touches the disk is done by the JournalThread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "emulator/invoke/event_clock.hpp"
#include "emulator/invoke/function_registry.hpp"
#include "emulator/invoke/retry_rules.hpp"
#include "emulator/report/daemon_log.hpp"
#include "emulator/store/dead_letters.hpp"
#include "emulator/store/journal_thread.hpp"

namespace lemu::emulator {

class AsyncQueue {
 public:
  AsyncQueue(boost::asio::io_context& context, JournalThread& journal, DeadLetters dead_letters,
             FunctionRegistry& functions, DaemonLog& log);

  /// Takes up what an earlier daemon left.
  void start();
  /// Runs nothing more; what waits stays on disk.
  void stop();

  /// `accepted` is told success once the event is durable, from then on it is run whatever happens to lemu.
  void accept(AcceptedEvent event, std::function<void(const Status&)> accepted);
  /// A dead letter becomes an event again.
  void redrive(const std::string& request_id, std::function<void(const Status&)> done);

  /// Calls when what an earlier daemon left is known: now, or soon after start().
  void when_loaded(std::function<void()> call);
  [[nodiscard]] std::size_t in_flight() const { return running_.size(); }
  /// Those that wait and those that run.
  [[nodiscard]] std::vector<EventSchedule> waiting() const;
  [[nodiscard]] std::size_t waiting_count() const { return running_.size() + due_.size() + unknown_.size(); }
  [[nodiscard]] const DeadLetters& dead_letters() const { return dead_letters_; }

 private:
  using Clock = std::chrono::steady_clock;
  class Call;

  [[nodiscard]] RetryRules rules_of(const EventSchedule& event) const;
  void take_up(std::vector<EventSchedule> left);
  void schedule(EventSchedule schedule, std::chrono::milliseconds delay);
  void pump();
  void load(EventSchedule schedule);
  void run(AcceptedEvent event);
  void settle(AcceptedEvent event, AsyncOutcome outcome, std::optional<std::string> response);
  void give_up(AcceptedEvent event, std::string condition, std::optional<std::string> response);
  void forget(const std::string& request_id);
  void arm_timer();

  JournalThread& journal_;
  const DeadLetters dead_letters_;
  FunctionRegistry& functions_;
  DaemonLog& log_;
  const EventClock clock_;
  std::multimap<Clock::time_point, EventSchedule> due_;
  std::map<std::string, EventSchedule> running_;  // by request id
  std::vector<EventSchedule> unknown_;            // of functions that are not served now
  boost::asio::steady_timer timer_;
  std::vector<std::function<void()>> waiting_for_load_;
  bool loading_ = false;
  bool stopped_ = false;
};

}  // namespace lemu::emulator
