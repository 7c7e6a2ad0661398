// SPDX-License-Identifier: Apache-2.0
// DaemonLog: what a daemon says of itself, one line an event, as text or JSON. It never waits for its reader:
// lines that do not fit into a pipe are dropped and counted. Owned by the daemon; one thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

namespace lemu::emulator {

class DaemonLog {
 public:
  enum class Format { text, json };
  enum class Level { info, warning, error };
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Lines below `least` are not written.
  DaemonLog(int fd, Format format, Level least);
  ~DaemonLog();

  /// `event` is a short fixed sentence; what varies stands in the fields.
  void write(Level level, std::string_view event, Fields fields = {});

 private:
  struct Writer;
  const std::unique_ptr<Writer> writer_;
};

}  // namespace lemu::emulator
