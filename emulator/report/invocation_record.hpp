// SPDX-License-Identifier: Apache-2.0
// InvocationRecord: all that was measured of one invocation, by whoever ran it. The writers beside it
// (report_line, report_json) only format: what is absent here was not measured, and no writer makes a figure
// up. Plain values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"

namespace lemu::emulator {

enum class InvocationStatus {
  success,
  /// The runtime posted an error: the caller sees a function error; REPORT has no Status then (what AWS's
  /// logs show).
  handled_error,
  error,  ///< the platform ended it: exit, crash, memory, size; REPORT carries Status and Error Type
  timeout,
};

/// How the peak of memory became known.
enum class MemoryMethod {
  exact,    ///< the kernel kept the high-water mark
  sampled,  ///< polled: a short peak between two looks can be missed
};

struct MemoryFigure {
  std::uint64_t bytes = 0;
  MemoryMethod method = MemoryMethod::sampled;
  std::string source;  ///< the words for the user: "VmHWM less QEMU's own share"
};

/// How the function was run; the same for every invocation of an environment.
struct RunMode {
  Arch arch = Arch::x86_64;
  std::string sandbox;  ///< "full", "partial", "off"
  std::string sandbox_reason;
  std::vector<std::string> sandbox_missing;  ///< the parts a partial sandbox lacks
  std::string execution;                     ///< "native", "private-binfmt", "host-binfmt", "direct"
  std::string execution_reason;
  bool emulated = false;
  std::string cpu_model;  ///< QEMU's; empty when native
  std::string qemu;       ///< its path; empty when native
  std::string qemu_version;
  double timeout_scale = 1;
};

struct InvocationRecord {
  std::string request_id;
  std::string function_name;
  std::string function_version;
  InvocationStatus status = InvocationStatus::success;
  std::string error_type;  ///< "Runtime.ExitError"; empty on success
  /// From handing over the event until the invocation was complete; for a timeout, the limit itself.
  std::chrono::nanoseconds duration{0};
  /// From the bootstrap's exec to its first `next`; only on the invocation that follows an init of its own
  /// (an init that was repeated inside the invocation is part of `duration`).
  std::optional<std::chrono::nanoseconds> init_duration;
  std::uint64_t memory_size_mb = 0;
  std::optional<MemoryFigure> max_memory;
  std::string max_memory_absent;  ///< why there is none
  std::optional<std::uint64_t> response_bytes;
};

/// An init that failed: INIT_REPORT.
struct InitFailureRecord {
  enum class Phase { init, invoke };
  enum class Status { error, timeout };
  std::chrono::nanoseconds duration{0};
  Phase phase = Phase::init;
  Status status = Status::error;
  std::string error_type;  ///< for Status::error
};

}  // namespace lemu::emulator
