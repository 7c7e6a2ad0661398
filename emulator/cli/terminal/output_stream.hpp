// SPDX-License-Identifier: Apache-2.0
// OutputStream: one stream that somebody else reads, or does not. A write never waits for the reader, so that
// timers and signals keep their time; what is not taken at once is kept, in order, and follows when it is.
// Owned by TerminalOutput or a command; lives on its io_context's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace lemu::emulator::cli {

class OutputStream {
 public:
  /// `fd` stays the caller's. Without a context every write waits until it is done.
  explicit OutputStream(int fd, boost::asio::io_context* context = nullptr);
  ~OutputStream();
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;

  /// After a failure everything is dropped.
  void write(std::string_view bytes);
  /// errno of the write that failed; 0 while none has.
  [[nodiscard]] int failure() const { return failure_; }
  /// Nothing is kept for the reader.
  [[nodiscard]] bool all_taken() const { return gone_ == kept_.size(); }
  /// Calls `then` when all is taken, or lost; within this call when it is already.
  void when_taken(std::function<void()> then);
  boost::asio::awaitable<void> taken();
  /// Waits on the spot: for times at which the context does not run.
  void flush();

 private:
  /// How a write is kept from waiting. O_NONBLOCK on `fd_` itself is not ours to set: it belongs to the open
  /// file description (open(2)), which the caller, and whoever else writes there, shares.
  enum class Way {
    plain,       ///< files and devices: they do not keep anybody waiting for long
    reopened,    ///< pipes and terminals: by a description of our own, through /proc/self/fd
    per_call,    ///< sockets: MSG_DONTWAIT
    after_poll,  ///< what cannot be reopened: as much as poll(2) promises room for
  };
  struct Waiter;

  void choose_way();
  [[nodiscard]] std::string_view still_kept() const { return std::string_view(kept_).substr(gone_); }
  [[nodiscard]] int writable() const { return own_.valid() ? own_.get() : fd_; }
  [[nodiscard]] std::string_view write_now(std::string_view bytes);
  void write_waiting(std::string_view bytes);
  void wait_for_reader();
  void go_on();
  void end_wait();

  int fd_;
  boost::asio::io_context* context_;
  Way way_ = Way::plain;
  Fd own_;
  int failure_ = 0;
  std::string kept_;
  std::size_t gone_ = 0;            ///< so many bytes of `kept_` are taken
  std::unique_ptr<Waiter> waiter_;  ///< made when the reader is slow for the first time
};

}  // namespace lemu::emulator::cli
