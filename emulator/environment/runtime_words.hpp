// SPDX-License-Identifier: Apache-2.0
// RuntimeWords: what the present runtime process of an ExecutionEnvironment has said, and what the helper
// reported about its end. Lifecycle decides which of it counts. Owned by the environment, and internal to
// its two halves.
#pragma once

#include "emulator/environment/execution_environment.hpp"

namespace lemu::emulator {

/// The error type of a response that ended before its last byte.
inline constexpr std::string_view kTruncatedResponse = "Runtime.TruncatedResponse";

/// Everything that starts anew with each runtime process.
struct ExecutionEnvironment::RuntimeWords {
  Answer answer;                                ///< to the invocation in hand, once Lifecycle::answered()
  ResponseSink* sink = nullptr;                 ///< until the answer is known
  std::optional<std::uint64_t> streamed_bytes;  ///< since the response began in pieces
  std::optional<rapi::FunctionError> init_error;
  int wait_status = 0;  ///< for ProcessState::exited
  std::optional<sandbox::Report> launch_failure;
};

}  // namespace lemu::emulator
