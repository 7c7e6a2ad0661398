// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/journal.hpp"

#include <doctest/doctest.h>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"

namespace lemu::emulator {
namespace {

AcceptedEvent event(const std::string& id, std::int64_t due_ms) {
  return {{.request_id = id, .function = "f", .accepted_ms = 1, .due_ms = due_ms},
          "arn:f",
          R"({"custom":{}})",
          "Root=1",
          std::string("{\"a\":\"\0\"}", 9)};
}

struct Workspace {
  TemporaryFolder folder = TemporaryFolder::make("lemu-test-journal").value();
  std::string path = folder.path() + "/journal.db";
  std::string aside;
  Journal open() { return Journal::open(path, aside).value(); }
};

}  // namespace

TEST_CASE("what was committed is there for the next daemon, the first due first") {
  Workspace work;
  {
    Journal journal = work.open();
    REQUIRE(journal.begin());
    REQUIRE(journal.accept(event("late", 20)));
    REQUIRE(journal.accept(event("early", 10)));
    REQUIRE(journal.commit());
  }
  Journal journal = work.open();
  const auto waiting = journal.waiting().value();
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0].request_id == "early");
  const std::optional<AcceptedEvent> loaded = journal.load("late").value();
  REQUIRE(loaded);
  CHECK(loaded->payload == event("late", 20).payload);
  CHECK(loaded->client_context == R"({"custom":{}})");
  CHECK(loaded->schedule.due_ms == 20);
}

TEST_CASE("what was rolled back is not") {
  Workspace work;
  Journal journal = work.open();
  REQUIRE(journal.begin());
  REQUIRE(journal.accept(event("a", 1)));
  journal.rollback();
  CHECK(journal.waiting().value().empty());
}

TEST_CASE("events are rescheduled and removed") {
  Workspace work;
  Journal journal = work.open();
  REQUIRE(journal.accept(event("a", 1)));
  REQUIRE(journal.reschedule({.request_id = "a", .due_ms = 99, .attempts = 1, .deferrals = 2}));
  const EventSchedule schedule = journal.waiting().value().at(0);
  CHECK(schedule.due_ms == 99);
  CHECK(schedule.attempts == 1);
  CHECK(schedule.deferrals == 2);
  CHECK(schedule.accepted_ms == 1);
  REQUIRE(journal.remove("a"));
  CHECK_FALSE(journal.load("a").value());
}

TEST_CASE("a file that is no journal is moved aside, and a new one begun") {
  Workspace work;
  REQUIRE(write_file(work.path, "this is no database, and long enough for SQLite to say so"));
  Journal journal = work.open();
  CHECK(journal.waiting().value().empty());
  CHECK(read_file(work.aside, 100).value().starts_with("this is no database"));
}

TEST_CASE("a damaged journal keeps its write-ahead log, which holds the latest events") {
  Workspace work;
  REQUIRE(write_file(work.path, "this is no database, and long enough for SQLite to say so"));
  const std::string log(5000, 'x');  // as much as can be of one whose database is not
  REQUIRE(write_file(work.path + "-wal", log));
  Journal journal = work.open();
  CHECK(journal.waiting().value().empty());
  CHECK(read_file(work.aside + "-wal", 10'000).value() == log);
}

TEST_CASE("a folder that does not exist is an error that names the file") {
  std::string aside;
  const Result<Journal> journal = Journal::open("/nowhere/journal.db", aside);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().message.find("/nowhere/journal.db") != std::string::npos);
}

}  // namespace lemu::emulator
