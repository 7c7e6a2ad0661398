// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::sandbox {

inline constexpr ErrorRow kErrors[] = {

    {"helper-not-started", ErrorKind::internal, "cannot start the helper {helper}: {os_error}",
     "lemu-sandbox is not where it was installed, or is not executable.",
     "install lemu whole: its libexec/lemu folder belongs beside bin/lemu"},
    {"helper-not-in-memory", ErrorKind::host_lacks, "cannot keep the helper in memory: {os_error}",
     "lemu was copied without its libexec/lemu folder, and the kernel refuses programs in memory "
     "(memfd_create), or memory is short.",
     "install lemu whole: its libexec/lemu folder belongs beside bin/lemu"},
    {"helper-without-process", ErrorKind::host_lacks, "cannot start the helper {helper}: {os_error}",
     "You, or the container, run as many processes as the limit allows.",
     "end some of them, or raise the limit: ulimit -u"},
    {"helper-not-reached", ErrorKind::internal, "cannot {attempt} the helper: {os_error}",
     "The kernel refused lemu something that it should not: often a limit on open files or memory.",
     "look at `ulimit -n` and the free memory"},
    {"environment-too-large", ErrorKind::bad_input,
     "the function's environment and arguments exceed {limit} bytes",
     "Variables, arguments and paths together are more than lemu hands over to its helper.",
     "shorten the environment variables"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace lemu::sandbox
