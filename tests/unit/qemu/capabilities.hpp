// SPDX-License-Identifier: Apache-2.0
// What a test needs of this machine beyond a compiler. A test that lacks it says so and is skipped, unless
// LEMU_MUST_RUN (a list separated by commas) names it: then it fails.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "qemu/capture.hpp"
#include "qemu/interpreter.hpp"

namespace lemu::qemu::test {

inline bool must_run(std::string_view capability) {
  const char* list = std::getenv("LEMU_MUST_RUN");
  std::string_view left = list == nullptr ? "" : list;
  while (!left.empty()) {
    const std::size_t end = left.find(',');
    if (left.substr(0, end) == capability) return true;
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
  }
  return false;
}

/// True when the test may go on.
inline bool have(bool present, const char* capability) {
  if (present) return true;
  if (must_run(capability))
    FAIL_CHECK("LEMU_MUST_RUN names " << capability << ", which this machine lacks");
  else
    MESSAGE("skipped: this machine lacks " << capability);
  return false;
}

inline std::string search_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/bin:/bin" : path;
}

/// The QEMUs for arm64 here, static and with shared libraries.
inline std::vector<QemuProgram> arm64_qemus() { return all_qemus(Arch::arm64, search_path()); }

/// Compiles C for arm64; false when the cross compiler is absent or fails.
inline bool compile_arm64(const std::string& source, const std::string& output,
                          std::vector<std::string> flags) {
  std::vector<std::string> command = {
      "/usr/bin/env", "PATH=/usr/bin:/bin", "aarch64-linux-gnu-gcc", "-O1", "-pthread", "-o", output, source};
  command.insert(command.end(), flags.begin(), flags.end());
  const Result<Captured> captured = capture_output(command);
  return captured && captured->exit_code == 0;
}

}  // namespace lemu::qemu::test
