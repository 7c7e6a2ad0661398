// SPDX-License-Identifier: Apache-2.0
// FunctionLog: the latest log of one function, over all its environments, kept in memory up to a limit and,
// where asked for, in files laid out like CloudWatch's groups and streams. Owned by the daemon; lives on its
// io_context's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "emulator/store/log_files.hpp"

namespace lemu::emulator {

/// Who wants to know when there is more. Outlives its time between add() and remove().
class LogWatcher {
 public:
  virtual ~LogWatcher() = default;
  /// More was written, or the log is finished.
  virtual void on_more() = 0;
};

class FunctionLog {
 public:
  explicit FunctionLog(std::shared_ptr<LogFiles> files) : files_(std::move(files)) {}

  /// Whole or partial lines of one stream; streams are told apart by their names.
  void append(const std::string& stream, std::string_view bytes);
  /// A stream that writes no more.
  void end(const std::string& stream);

  struct Page {
    std::string text;
    std::uint64_t next = 0;  ///< what to ask for after this
  };
  /// What was written since `after` and is still kept.
  [[nodiscard]] Page since(std::uint64_t after) const;
  void add(LogWatcher& watcher) { watchers_.insert(&watcher); }
  void remove(LogWatcher& watcher) { watchers_.erase(&watcher); }
  [[nodiscard]] std::size_t watcher_count() const { return watchers_.size(); }
  /// Nothing follows.
  void finish();
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  struct Piece {
    std::uint64_t end = 0;  ///< position behind it, counted in bytes since the beginning
    std::string text;
  };
  void tell_watchers();

  std::shared_ptr<LogFiles> files_;
  std::deque<Piece> pieces_;
  std::uint64_t written_ = 0;
  std::size_t kept_ = 0;
  std::set<LogWatcher*> watchers_;
  bool finished_ = false;
};

}  // namespace lemu::emulator
