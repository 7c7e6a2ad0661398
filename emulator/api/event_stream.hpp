// SPDX-License-Identifier: Apache-2.0
// The events of InvokeWithResponseStream as application/vnd.amazon.eventstream has them: length-prefixed
// messages with string headers and two checksums ("Event stream encoding", Amazon Transcribe Developer
// Guide). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace lemu::emulator {

inline constexpr std::string_view kEventStreamContentType = "application/vnd.amazon.eventstream";

/// What stands around a payload in a message, so that the payload need not be copied.
struct EventFrame {
  std::string head;
  std::string tail;
};

/// Bytes of the response; at most 16 MiB, which is what AWS's SDKs take in one message.
[[nodiscard]] EventFrame payload_chunk(std::string_view payload);

/// How a response ended; what is empty is left out.
struct InvokeComplete {
  std::string error_code = {};
  std::string error_details = {};
  std::string log_result = {};  ///< base64
};
/// The last message, whole.
[[nodiscard]] std::string invoke_complete(const InvokeComplete& complete);

}  // namespace lemu::emulator
