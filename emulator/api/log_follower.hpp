// SPDX-License-Identifier: Apache-2.0
// LogFollower: a client that reads a function's log as it is written, up to the daemon's end. One that is
// slow misses what the log no longer keeps; nobody waits for it. Owned by its connection; lives on the
// io_context's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/http/stream.hpp"
#include "emulator/store/function_log.hpp"

namespace lemu::emulator {

class LogFollower final : public LogWatcher, public std::enable_shared_from_this<LogFollower> {
 public:
  /// Answers with what is kept and all that follows.
  static void begin(std::shared_ptr<FunctionLog> log, const http::Reply& reply);

  explicit LogFollower(std::shared_ptr<FunctionLog> log) : log_(std::move(log)) { log_->add(*this); }
  ~LogFollower() override { log_->remove(*this); }
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  void on_more() override;

 private:
  void on_event(http::StreamEvent event);

  std::shared_ptr<FunctionLog> log_;
  http::Stream stream_;
  std::uint64_t position_ = 0;
  bool full_ = false;
};

}  // namespace lemu::emulator
