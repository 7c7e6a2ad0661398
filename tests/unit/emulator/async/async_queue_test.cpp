// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/async_queue.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>

#include "base/named_files.hpp"
#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"
#include "tests/unit/emulator/pool/pool_bench.hpp"

using namespace lemu;
using namespace lemu::emulator;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMany = AsyncQueue::kMostRunning + 3;

/// A queue over functions "f" and "g", with a journal on disk.
struct Events : Account {
  explicit Events(PoolSettings settings = {}, RetryRules with = {})
      : rules(with), f(context, account, settings, now), g(context, account, {}, now) {}

  AsyncQueue& queue() {
    if (!made) {
      made.emplace(
          context, journal, DeadLetters(folder.path() + "/letters"),
          [this](const std::string& name) -> std::optional<AsyncQueue::Served> {
            if (name != "f" && name != "g") return std::nullopt;
            return AsyncQueue::Served{name == "f" ? f.pool : g.pool, rules};
          },
          log);
      made->start();
    }
    return *made;
  }
  void send(const std::string& id, const std::string& function = "f") {
    bool accepted = false;
    queue().accept({.schedule = {.request_id = id, .function = function}, .payload = "{}"},
                   [&accepted](const Status& durable) { accepted = durable.has_value(); });
    run_until([&accepted] { return accepted; });
  }
  /// Until what the journal's thread does has come back; it never takes so long.
  template <class Condition>
  void run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    context.restart();
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      context.run_one_for(100ms);
    }
  }
  AsyncQueue::List list() {
    std::optional<AsyncQueue::List> got;
    queue().list([&got](AsyncQueue::List all) { got = std::move(all); });
    run_until([&got] { return got.has_value(); });
    return *got;
  }
  /// In the journal before the queue is there.
  void left_behind(const EventSchedule& schedule) {
    std::string aside;
    Journal writer = Journal::open(path, aside).value();
    REQUIRE(writer.accept({.schedule = schedule, .payload = "{}"}));
  }

  // What the journal's thread posts comes when nothing else is there to do.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  TemporaryFolder folder = TemporaryFolder::make("lemu-test-events").value();
  std::string path = folder.path() + "/journal.db";
  RetryRules rules;
  Fd null = open_file("/dev/null", O_WRONLY).value();
  DaemonLog log{null.get(), DaemonLog::Format::text, DaemonLog::Level::info};
  Function f;
  Function g;
  JournalThread journal{context, path, [](const std::string&) {}};
  std::optional<AsyncQueue> made;
};

std::int64_t unix_ms() { return EventClock().unix_ms(); }

}  // namespace

TEST_CASE("who is throttled has the next turn, in order, and waits for no back-off") {
  Events events({.reserved = 1});
  for (const char* id : {"a", "b", "c"}) events.send(id);
  CHECK(events.f.runtimes.invoked == Invoked{{0, "a"}});
  CHECK(events.f.pool.throttles() == 2);
  CHECK(events.f.submit("sync") == EnvironmentPool::Admission::function_limit);
  for (const std::size_t ran : {2, 3}) {
    events.f.runtimes.answer(0);
    events.f.runtimes.come_back(0);
    events.run_until([&] { return events.f.runtimes.invoked.size() == ran; });
  }
  CHECK(events.f.runtimes.invoked == Invoked{{0, "a"}, {0, "b"}, {0, "c"}});
}

TEST_CASE("a throttled event runs when a synchronous invocation of any function under its limit ends") {
  Events events;
  events.account.reserve(AccountConcurrency::kLimit - 1);
  CHECK(events.g.submit("sync") == kAccepted);
  events.send("a");
  CHECK(events.f.runtimes.invoked.empty());
  CHECK(events.list().events.at(0).state == AsyncQueue::State::ready);
  events.g.answer(0);
  events.run_until([&] { return events.f.runtimes.invoked == Invoked{{0, "a"}}; });
}

TEST_CASE("a function whose events take long holds no other's up") {
  Events events;
  for (std::size_t i = 0; i < kMany; ++i) events.send("f" + std::to_string(i));
  CHECK(events.f.runtimes.invoked.size() == AsyncQueue::kMostRunning);
  CHECK(events.f.pool.throttles() == 0);
  events.send("g0", "g");
  CHECK(events.g.runtimes.invoked == Invoked{{0, "g0"}});
  events.f.runtimes.answer(0);
  events.f.runtimes.come_back(0);
  events.run_until([&] { return events.f.runtimes.invoked.size() == AsyncQueue::kMostRunning + 1; });
  CHECK(events.f.runtimes.invoked.back().second == "f" + std::to_string(AsyncQueue::kMostRunning));
}

TEST_CASE("an event that is too old is not run any more, nor by the next daemon") {
  Events events({}, {.max_age = 1min, .delay_scale = 0.001});
  events.left_behind({.request_id = "old", .function = "f", .accepted_ms = unix_ms() - 61'000});
  events.left_behind({.request_id = "young", .function = "f", .accepted_ms = unix_ms() - 30'000});
  CHECK(events.list().letters.empty());
  events.run_until(
      [&] { return events.f.runtimes.invoked.size() == 1 && events.queue().waiting_count() == 1; });
  CHECK(events.f.runtimes.invoked == Invoked{{0, "young"}});
  CHECK(events.list().letters.at(0).request_id == "old");
}

TEST_CASE("a dead letter that cannot be written is tried again, and its event seen") {
  Events events({.reserved = 0}, {.delay_scale = 0.001});
  const std::string letters = events.folder.path() + "/letters";
  REQUIRE(write_file_atomically(letters, "in the way", 0600));
  events.send("a");
  events.run_until([&] { return events.list().events.at(0).due_in > 0ms; });
  CHECK(events.list().events.at(0).state == AsyncQueue::State::given_up);
  REQUIRE(::unlink(letters.c_str()) == 0);
  events.run_until([&] { return events.queue().waiting_count() == 0; });
  CHECK(events.list().letters.at(0).request_id == "a");
}

TEST_CASE("a journal that cannot be read at first is read later") {
  Events events({}, {.delay_scale = 0.001});
  REQUIRE(::mkdir(events.path.c_str(), 0700) == 0);
  CHECK(events.list().events.empty());
  REQUIRE(::rmdir(events.path.c_str()) == 0);
  events.left_behind({.request_id = "a", .function = "f", .accepted_ms = unix_ms()});
  events.run_until([&] { return events.f.runtimes.invoked == Invoked{{0, "a"}}; });
}

TEST_CASE("a function that is not served keeps its events") {
  Events events;
  events.left_behind({.request_id = "a", .function = "unknown", .accepted_ms = 0});
  CHECK(events.list().events.at(0).state == AsyncQueue::State::unserved);
  CHECK(events.list().letters.empty());
}
