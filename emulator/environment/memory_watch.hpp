// SPDX-License-Identifier: Apache-2.0
// MemoryWatch: holds the function to its memory limit while it runs, and says how much it used at most. Reads
// /proc from outside (qemu::MemoryMeter); nothing of it is on the path of an event or a response. Owned by an
// execution environment; lives on its io_context's thread.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "emulator/environment/environment_host.hpp"
#include "emulator/environment/log_reader.hpp"
#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

class MemoryWatch {
 public:
  struct Function {
    pid_t helper = 0;  ///< on the host; the function's processes are below it
    LogReader::Guest guest = LogReader::Guest::native;
    std::uint64_t limit = 0;     ///< bytes
    std::string proc = "/proc";  ///< a folder that stands for it, in tests
  };
  /// `exceeded` is called once for each process that goes over the limit.
  MemoryWatch(boost::asio::io_context& context, EnvironmentHost& host, Function function,
              std::function<void()> exceeded);
  ~MemoryWatch();

  /// A runtime process has started; watching begins with its init.
  void watch_process(pid_t pid);
  void forget_process();
  /// It has ended, and this much memory was resident at most (getrusage(2)); bytes.
  void note_exit(std::uint64_t max_resident);
  /// An invocation begins, ends: between them the function is polled.
  void begin();
  void rest();
  /// True when the function is, or has been since its start, over its limit. Looks, unless it looked so
  /// lately that the function cannot have got there since.
  bool check_now();
  [[nodiscard]] bool over_limit() const;
  /// The high-water mark of the environment; nothing where it cannot be measured.
  [[nodiscard]] std::optional<MemoryFigure> figure();
  [[nodiscard]] std::string why_absent() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lemu::emulator
