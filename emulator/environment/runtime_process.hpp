// SPDX-License-Identifier: Apache-2.0
// RuntimeProcess: what is known of the runtime process that an ExecutionEnvironment has now. Owned by it, and
// internal to its two halves.
#pragma once

#include "emulator/environment/execution_environment.hpp"

namespace lemu::emulator {

/// The error type of a response that ended before its last byte.
inline constexpr std::string_view kTruncatedResponse = "Runtime.TruncatedResponse";

/// Everything that starts anew with each runtime process.
struct ExecutionEnvironment::RuntimeProcess {
  std::optional<Clock::time_point> exec_at;
  std::optional<Clock::time_point> next_at;  ///< the runtime waits in `next` since then
  std::optional<Answer> answer;              ///< to the invocation in hand
  InvocationStatus answer_status = InvocationStatus::success;
  std::string answer_error_type;
  ResponseSink* sink = nullptr;                 ///< until the answer is known
  std::optional<std::uint64_t> streamed_bytes;  ///< since the response began in pieces
  std::optional<rapi::FunctionError> init_error;
  std::optional<int> wait_status;
  std::optional<Clock::time_point> ended_at;
  std::optional<sandbox::Report> launch_failure;
};

}  // namespace lemu::emulator
