// SPDX-License-Identifier: Apache-2.0
// The small vocabulary of the helper's steps: each returns a StepResult, and a failure says where and why.
// The helper is a static program without exceptions; nothing here allocates beyond std::string.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstdint>

#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {

struct StepResult {
  Stage stage = Stage::specification;
  int os_error = 0;  ///< 0: the step is done
  std::uint32_t detail = 0;

  [[nodiscard]] bool failed() const { return os_error != 0; }
};

[[nodiscard]] inline StepResult done() { return {}; }
/// The step failed for the reason in errno.
[[nodiscard]] inline StepResult failed_at(Stage stage, std::uint32_t detail = 0) {
  return {stage, errno != 0 ? errno : EIO, detail};
}

/// Writes `content` to an existing file in one write, as files of /proc want it; false with errno set.
/// `folder` is where a relative path starts; by default the working folder.
bool write_existing(const char* path, const char* content, std::size_t size, int folder = AT_FDCWD);

/// CLOCK_MONOTONIC in nanoseconds.
std::int64_t monotonic_ns();

/// Sends a report to lemu. A lemu that is gone is noticed elsewhere, so nothing is returned.
void send_report(const Report& report);
void send_step(ReportKind kind, const StepResult& step);

}  // namespace lemu::sandbox
