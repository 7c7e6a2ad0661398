// SPDX-License-Identifier: Apache-2.0
// DaemonLog: what a daemon says of itself, one line an event, as text or JSON. It never waits for its reader:
// lines that do not fit into a pipe are dropped and counted. Owned by the daemon; one thread.
//
// Forty lines of our own and no logging library: a library's asynchronous writer wakes up while nothing
// happens, and its synchronous one waits for whoever reads stderr.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lemu::emulator {

class DaemonLog {
 public:
  enum class Format { text, json };
  enum class Level { info, warning, error };
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  DaemonLog(int fd, Format format) : fd_(fd), format_(format) {}

  /// `event` is a short fixed sentence; what varies stands in the fields.
  void write(Level level, std::string_view event, Fields fields = {});

 private:
  void put(std::string_view line);
  int fd_;
  Format format_;
  std::uint64_t dropped_ = 0;
};

}  // namespace lemu::emulator
