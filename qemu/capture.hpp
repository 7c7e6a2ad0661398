// SPDX-License-Identifier: Apache-2.0
// Runs a short host program and takes its standard output: QEMU's --version, the loader's --list. Blocking;
// any thread; no shell.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace lemu::qemu {

struct Captured {
  int exit_code = 0;   ///< 128 + n after signal n
  std::string output;  ///< standard output, at most 64 KiB of it
};

/// Runs `arguments[0]` (a path, not searched for) with an empty environment and no standard input; standard
/// error is dropped. A program that is not done within two seconds is killed, which is an error.
Result<Captured> capture_output(const std::vector<std::string>& arguments);

}  // namespace lemu::qemu
