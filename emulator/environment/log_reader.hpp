// SPDX-License-Identifier: Apache-2.0
// LogReader: reads what the function writes to stdout and stderr (one pipe, so that their order is kept) and
// gives it to a LogSink. Owned by an execution environment; lives on its io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "emulator/environment/log_sink.hpp"

namespace lemu::emulator {

class LogReader {
 public:
  enum class Guest { native, emulated };
  LogReader(boost::asio::io_context& context, Fd pipe, LogSink& sink, Guest guest);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  /// Takes what has been written until now, without waiting: all that a function wrote before its answer is
  /// in the pipe when the answer is.
  void drain();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Takes QEMU's own words out of a guest's output. QEMU writes them to the guest's stderr when the guest
/// crashes
/// ("qemu: uncaught target signal 11 (Segmentation fault) - core dumped") or QEMU itself is refused
/// something. Pure; keeps back only what could still become such a line.
class EmulatorWords {
 public:
  struct Split {
    std::string function;  ///< to be shown
    std::string emulator;  ///< QEMU's, each line with its newline
  };
  Split feed(std::string_view bytes);
  /// What was kept back, when nothing more is awaited for now.
  std::string flush();

 private:
  std::string kept_;
};

}  // namespace lemu::emulator
