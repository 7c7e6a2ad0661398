// SPDX-License-Identifier: Apache-2.0
// lemu's end of the control socket, from which the helper's reports are read. Pure but for the one system
// call; the thread of whoever owns the descriptor.
#pragma once

#include <sys/types.h>

#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {

struct ReceivedReport {
  Report report;
  pid_t sender = -1;  ///< the sender's process as this one sees it, where the socket has SO_PASSCRED
};

enum class Received {
  report,
  nothing_yet,
  end,  ///< the helper has ended, or what came is none of its reports: nothing more is to be believed
};

/// The next report, without waiting.
Received receive_report(int fd, ReceivedReport& into);

}  // namespace lemu::sandbox
