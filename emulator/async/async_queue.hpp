// SPDX-License-Identifier: Apache-2.0
// AsyncQueue runs asynchronous invocations, each at least once. It accepts an event when the event is on
// disk, runs it when it is due and its function has room, and tries it again or gives it up as RetryRules
// say. Owned by the daemon. Lives on its io_context's thread; the JournalThread does what touches the disk.
//
// Each function has its own line of events, so a function that is slow or throttled delays no other. A
// throttled event runs as soon as the limit allows, in the order of the line: it does not wait for the end of
// Lambda's back-off. The back-off still counts the throttles, and decides when an event is too old.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/async/dead_letters.hpp"
#include "emulator/async/event_clock.hpp"
#include "emulator/async/journal_thread.hpp"
#include "emulator/async/retry_rules.hpp"
#include "emulator/pool/pool.hpp"
#include "emulator/report/daemon_log.hpp"

namespace lemu::emulator {

class AsyncQueue {
 public:
  /// How many events of one function run at once. Only their payloads are in memory.
  static constexpr std::size_t kMostRunning = 64;
  struct Served {
    EnvironmentPool& pool;
    const RetryRules& rules;
  };
  /// Returns nothing for a function that is not served.
  using Find = std::function<std::optional<Served>(const std::string& function)>;

  AsyncQueue(boost::asio::io_context& context, JournalThread& journal, DeadLetters dead_letters, Find find,
             DaemonLog& log);

  /// Continues with the events that an earlier daemon left.
  void start();
  /// Runs no more events. Those that wait stay on disk.
  void stop();

  /// Calls `accepted` with success once the event is on disk. From then on it will be run, whatever happens
  /// to lemu.
  void accept(AcceptedEvent event, std::function<void(const Status&)> accepted);
  /// A dead letter becomes an event again.
  void redrive(const std::string& request_id, std::function<void(const Status&)> done);

  enum class State {
    delayed,  ///< waits until it is due
    ready,    ///< is due, but its function has no room for it yet
    running,
    unserved,  ///< its function is not served
    given_up,  ///< its dead letter is being written
  };
  struct Listed {
    EventSchedule schedule;
    State state = State::delayed;
    std::chrono::milliseconds due_in{0};
  };
  struct List {
    std::vector<Listed> events;
    std::vector<DeadLetters::Entry> letters;
  };
  /// All events and dead letters, those of earlier daemons included.
  void list(std::function<void(List)> done);
  /// A dead letter's text.
  void show(const std::string& request_id, std::function<void(const Result<std::string>&)> done);

  [[nodiscard]] std::size_t in_flight() const;
  /// How many events wait or run.
  [[nodiscard]] std::size_t waiting_count() const { return events_.size(); }

 private:
  using Clock = std::chrono::steady_clock;
  class Call;
  struct Event;
  using Timeline = std::multimap<Clock::time_point, Event*>;

  /// The events of one function.
  struct Line {
    EnvironmentPool& pool;
    const RetryRules& rules;
    std::list<Event*> ready = {};  // in the order in which they run
    std::size_t running = 0;
    bool asked = false;  // for the next turn that is free
  };
  /// What a dead letter tells besides its event.
  struct Verdict {
    std::string condition;
    std::int64_t given_up_ms = 0;
    std::optional<std::string> response;
  };
  struct Event {
    EventSchedule schedule;
    State state = State::delayed;
    Line* line = nullptr;                     // its function's, where that is served
    std::list<Event*>::iterator place;        // while it is ready
    std::optional<Timeline::iterator> alarm;  // when it is due; of a throttled one, looked at again
    std::shared_ptr<const Verdict> verdict;   // once it was given up
    std::uint32_t failed_letters = 0;
  };

  void load_all();
  void take_up(std::vector<EventSchedule> left);
  void begin(AcceptedEvent accepted);
  Event* add(EventSchedule schedule);
  void wait(Event& event, std::chrono::milliseconds delay);
  void make_ready(Event& event);
  void attempt(Event& event);
  bool give_up_if_hopeless(Event& event);
  void leave_line(Event& event);

  void proceed(Line& line);
  void run_first(Line& line);
  void load(Event& event);
  void loaded(const std::string& id, const Status& read, std::optional<AcceptedEvent> found);
  void run(Event& event, AcceptedEvent accepted);
  void settle(const std::string& id, AsyncOutcome outcome, std::optional<std::string> response);

  void give_up(Event& event, std::string_view condition, std::optional<std::string> response);
  void write_letter(Event& event);
  void letter_written(const std::string& id, const Status& written);
  void done_with(const std::string& id);

  void set_alarm(Event& event, std::chrono::milliseconds delay);
  void clear_alarm(Event& event);
  void arm_timer();
  void ring();
  void when_loaded(std::function<void()> call);
  [[nodiscard]] List listed(std::vector<DeadLetters::Entry> letters) const;

  JournalThread& journal_;
  const DeadLetters dead_letters_;
  const Find find_;
  DaemonLog& log_;
  const EventClock clock_;
  std::map<std::string, Line> lines_;    // by function
  std::map<std::string, Event> events_;  // by request id
  Timeline timeline_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer load_timer_;
  std::uint32_t failed_loads_ = 0;
  std::vector<std::function<void()>> waiting_for_load_;
  bool loading_ = false;
  bool stopped_ = false;
};

}  // namespace lemu::emulator
