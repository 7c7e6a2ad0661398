// SPDX-License-Identifier: Apache-2.0
// Opening for reading what others have named, without waiting for ever. Blocking; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu {

/// Opens a regular file for reading, and nothing else: to open a FIFO or a device can wait for ever. For
/// every file whose name comes from a package or from the system. (read_file() of base/syscall.hpp opens so.)
Result<Fd> open_regular(const std::string& path);

/// Opens what the user named for reading: a file, a pipe (`<(…)`, /dev/stdin), a terminal. A named pipe that
/// nobody opens for writing within a few seconds is an error.
Result<Fd> open_input(const std::string& path);

/// The whole content of what the user named, of at most `limit` bytes (more is an error that says so).
Result<std::string> read_input(const std::string& path, std::size_t limit);

}  // namespace lemu
