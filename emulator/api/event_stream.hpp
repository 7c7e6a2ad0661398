// SPDX-License-Identifier: Apache-2.0
// The events of InvokeWithResponseStream as application/vnd.amazon.eventstream has them: length-prefixed
// messages with string headers and two checksums ("Event stream encoding", Amazon Transcribe Developer
// Guide). Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lemu::emulator {

/// Two lengths and their checksum stand ahead of a message's headers, its own checksum at its end.
inline constexpr std::size_t kEventStreamPrelude = 12;
inline constexpr std::size_t kEventStreamChecksum = 4;
inline constexpr char kEventStreamText = 7;  ///< the type of a header whose value is text
[[nodiscard]] std::uint32_t event_stream_checksum(std::string_view bytes, std::uint32_t before = 0);

inline constexpr std::string_view kEventStreamContentType = "application/vnd.amazon.eventstream";

inline constexpr std::string_view kPayloadChunk = "PayloadChunk";
inline constexpr std::string_view kInvokeComplete = "InvokeComplete";
/// lemu's own: report_json, for `lemu invoke --endpoint`.
inline constexpr std::string_view kLemuReport = "LemuReport";

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
/// A message, whole.
[[nodiscard]] std::string lemu_report(std::string_view json);
/// The last message, whole.
[[nodiscard]] std::string invoke_complete(const InvokeComplete& complete);

}  // namespace lemu::emulator
