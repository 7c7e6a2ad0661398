// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator::cli {
namespace terminal_room {

inline constexpr ErrorRow kErrors[] = {
    {"response-not-written", ErrorKind::internal, "writing to stdout: {os_error}",
     "Whoever reads lemu's output closed it, or it goes to a full disk.",
     "read all of it, or write it to another disk"},

    // lemu itself.
    {"descriptors-too-few", ErrorKind::host_lacks,
     "this process may open {limit} files at once, and lemu needs {needed}",
     "The limit on open files (RLIMIT_NOFILE) is far below the usual 1024.",
     "raise the limit: ulimit -n 1024"},
    {"descriptors-not-raised", ErrorKind::host_lacks, "cannot raise the limit on open files: {os_error}",
     "The limit on open files (RLIMIT_NOFILE) is far below the usual 1024, and a container forbids to raise "
     "it.",
     "raise the limit: ulimit -n 1024"},
    {"lemu-not-found", ErrorKind::internal, "cannot tell where lemu is installed: {os_error}",
     "/proc is not mounted, or hidden from lemu.", "mount -t proc proc /proc"},
    {"helper-missing", ErrorKind::internal, "the helper {helper} is missing",
     "bin/lemu was copied without the programs that belong to it.",
     "install lemu whole: bin/lemu needs the libexec/lemu beside it"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace terminal_room
using namespace terminal_room;

}  // namespace lemu::emulator::cli
