// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/journal.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/named_files.hpp"
#include "emulator/async/errors.hpp"

namespace lemu::emulator {
namespace {

// A later lemu that changes the tables counts on.
constexpr char kSchema[] =
    "CREATE TABLE IF NOT EXISTS event ("
    " request_id TEXT PRIMARY KEY, function TEXT NOT NULL, accepted_ms INTEGER NOT NULL,"
    " due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, deferrals INTEGER NOT NULL,"
    " arn TEXT NOT NULL, client_context TEXT NOT NULL, trace TEXT NOT NULL, payload BLOB NOT NULL);"
    "PRAGMA user_version=1;";
constexpr char kColumns[] = "request_id, function, accepted_ms, due_ms, attempts, deferrals";

tl::unexpected<Error> failure_of(sqlite3* database) {
  return fail<"journal-failed">(at<"reason">(sqlite3_errmsg(database)));
}

/// With its write-ahead log, which holds the latest events and nothing else does. The database goes last: a
/// new one beside the old log would be given what that holds.
Status move_aside(const std::string& path, const std::string& aside) {
  for (const char* suffix : {"-wal", "-shm", ""})
    if (std::rename((path + suffix).c_str(), (aside + suffix).c_str()) != 0 && errno != ENOENT)
      return fail_errno<"journal-not-moved">(errno, at<"path">(path + suffix));
  return {};
}

}  // namespace

void Journal::Closer::operator()(sqlite3* database) const { sqlite3_close(database); }

/// One prepared statement, bound by position from 1.
class Journal::Statement {
 public:
  Statement(sqlite3* database, const char* sql) : database_(database) {
    sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  void bind(int at, std::int64_t number) { sqlite3_bind_int64(statement_, at, number); }
  void bind(int at, const std::string& text) {
    sqlite3_bind_text64(statement_, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind_bytes(int at, const std::string& bytes) {
    sqlite3_bind_blob64(statement_, at, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  /// Whether there is a row.
  Result<bool> step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failure_of(database_);
  }
  [[nodiscard]] std::string text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr ? std::string()
                            : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] EventSchedule schedule() const {
    return {text(0),
            text(1),
            number(2),
            number(3),
            static_cast<std::uint32_t>(number(4)),
            static_cast<std::uint32_t>(number(5))};
  }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

Result<Journal> Journal::open(const std::string& path, std::string& aside) {
  constexpr int kMostTries = 2;
  for (int attempt = 1;; ++attempt) {
    // SQLite would make it by the umask; what it puts beside it gets its mode.
    if (const Result<Fd> file = open_private_file(path, O_RDWR); !file)
      return fail<"journal-not-opened">(at<"path">(path), at<"reason">(file.error().message));
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    Journal journal{Database(raw)};
    if (code != SQLITE_OK)
      return fail<"journal-not-opened">(at<"path">(path), at<"reason">(sqlite3_errmsg(raw)));
    Status ready = journal.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    if (ready) ready = journal.run(kSchema);
    if (ready) return journal;
    const int why = sqlite3_errcode(raw);
    if ((why != SQLITE_NOTADB && why != SQLITE_CORRUPT) || attempt == kMostTries)
      return fail<"journal-not-opened">(at<"path">(path), at<"reason">(sqlite3_errmsg(raw)));
    aside = path + ".damaged-" + std::to_string(::getpid());
    LEMU_TRY(move_aside(path, aside));
  }
}

Status Journal::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure_of(database_.get());
}

Status Journal::begin() { return run("BEGIN IMMEDIATE"); }
Status Journal::commit() { return run("COMMIT"); }
void Journal::rollback() { sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }

Status Journal::accept(const AcceptedEvent& event) {
  Statement statement(database_.get(), "INSERT OR REPLACE INTO event VALUES (?,?,?,?,?,?,?,?,?,?)");
  const EventSchedule& schedule = event.schedule;
  statement.bind(1, schedule.request_id);
  statement.bind(2, schedule.function);
  statement.bind(3, schedule.accepted_ms);
  statement.bind(4, schedule.due_ms);
  statement.bind(5, schedule.attempts);
  statement.bind(6, schedule.deferrals);
  statement.bind(7, event.arn);
  statement.bind(8, event.client_context);
  statement.bind(9, event.trace);
  statement.bind_bytes(10, event.payload);
  const Result<bool> done = statement.step();
  return done ? Status{} : Status(lemu::fail(Error(done.error())));
}

Status Journal::reschedule(const EventSchedule& schedule) {
  Statement statement(database_.get(),
                      "UPDATE event SET due_ms=?, attempts=?, deferrals=? WHERE request_id=?");
  statement.bind(1, schedule.due_ms);
  statement.bind(2, schedule.attempts);
  statement.bind(3, schedule.deferrals);
  statement.bind(4, schedule.request_id);
  const Result<bool> done = statement.step();
  return done ? Status{} : Status(lemu::fail(Error(done.error())));
}

Status Journal::remove(const std::string& request_id) {
  Statement statement(database_.get(), "DELETE FROM event WHERE request_id=?");
  statement.bind(1, request_id);
  const Result<bool> done = statement.step();
  return done ? Status{} : Status(lemu::fail(Error(done.error())));
}

Result<std::optional<AcceptedEvent>> Journal::load(const std::string& request_id) {
  const std::string sql = std::string("SELECT ") + kColumns +
                          ", arn, client_context, trace, payload FROM event WHERE request_id=?";
  Statement statement(database_.get(), sql.c_str());
  statement.bind(1, request_id);
  const Result<bool> row = statement.step();
  LEMU_TRY(row);
  if (!*row) return std::optional<AcceptedEvent>();
  return std::optional<AcceptedEvent>(AcceptedEvent{statement.schedule(), statement.text(6),
                                                    statement.text(7), statement.text(8), statement.text(9)});
}

Result<std::vector<EventSchedule>> Journal::waiting() {
  const std::string sql = std::string("SELECT ") + kColumns + " FROM event ORDER BY due_ms, accepted_ms";
  Statement statement(database_.get(), sql.c_str());
  std::vector<EventSchedule> all;
  while (true) {
    const Result<bool> row = statement.step();
    LEMU_TRY(row);
    if (!*row) return all;
    all.push_back(statement.schedule());
  }
}

}  // namespace lemu::emulator
