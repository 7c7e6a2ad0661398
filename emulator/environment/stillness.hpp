// SPDX-License-Identifier: Apache-2.0
// Stillness keeps a function's processes from running between invocations. It stops them at once by SIGSTOP,
// which costs little. A function can undo that by a timer that sends SIGCONT, so after a moment the kernel
// freezes them too (qemu::Freezer). Where it cannot, Stillness stops them again whenever it sees one run.
// Owned by an execution environment. Lives on its io_context's thread.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "qemu/freezer.hpp"
#include "qemu/sandbox/launcher.hpp"

namespace lemu::emulator {

/// What an environment's processes do between invocations.
enum class Rest { running, frozen };

class Stillness {
 public:
  /// The processes are those below `helper`.
  Stillness(boost::asio::io_context& context, sandbox::Sandbox& sandbox, pid_t helper,
            std::optional<qemu::Freezer> freezer);
  ~Stillness();

  void begin();
  void end();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lemu::emulator
