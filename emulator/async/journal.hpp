// SPDX-License-Identifier: Apache-2.0
// Journal: the asynchronous events that were accepted and are not yet done with, on disk: SQLite, written
// ahead and synced at each commit, so that what was accepted survives the daemon and the machine. Owned by a
// JournalThread. Blocking; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace lemu::emulator {

/// When an event is due, and what was tried. Times are Unix milliseconds.
struct EventSchedule {
  std::string request_id;
  std::string function;  ///< its name
  std::int64_t accepted_ms = 0;
  std::int64_t due_ms = 0;
  std::uint32_t attempts = 0;   ///< that ended in an error of the function
  std::uint32_t deferrals = 0;  ///< throttles and failures of the platform, which count as no attempt
};

struct AcceptedEvent {
  EventSchedule schedule;
  std::string arn;  ///< as invoked
  std::string client_context;
  std::string trace;
  std::string payload;
};

class Journal {
 public:
  /// Opens or makes the file. One that is no journal any more is moved aside with its
  /// write-ahead log, and `aside` says where.
  static Result<Journal> open(const std::string& path, std::string& aside);
  Journal(Journal&&) noexcept = default;
  Journal& operator=(Journal&&) noexcept = default;

  /// Between begin() and commit() changes are one unit, durable when commit() has returned.
  Status begin();
  Status commit();
  void rollback();

  Status accept(const AcceptedEvent& event);
  /// Changes what was tried and when it is due next.
  Status reschedule(const EventSchedule& schedule);
  Status remove(const std::string& request_id);

  /// Nothing when there is no such event any more.
  Result<std::optional<AcceptedEvent>> load(const std::string& request_id);
  /// All, the first due first.
  Result<std::vector<EventSchedule>> waiting();

 private:
  struct Closer {
    void operator()(sqlite3* database) const;
  };
  using Database = std::unique_ptr<sqlite3, Closer>;
  class Statement;
  explicit Journal(Database database) : database_(std::move(database)) {}
  Status run(const char* sql);

  Database database_;
};

}  // namespace lemu::emulator
