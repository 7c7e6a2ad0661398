// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/event_stream.hpp"

#include <zlib.h>

#include <cstdint>
#include <nlohmann/json.hpp>

namespace lemu::emulator {
namespace {

// Two lengths and their checksum stand ahead of the headers, the message's checksum at its end.
constexpr std::size_t kPrelude = 12;
constexpr std::size_t kChecksum = 4;
constexpr char kStringValue = 7;  // a header's type

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255U);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += static_cast<char>(name.size());
  out.append(name);
  out += kStringValue;
  out += static_cast<char>(value.size() >> 8 & 255U);
  out += static_cast<char>(value.size() & 255U);
  out.append(value);
}

std::uint32_t checksum(std::uint32_t before, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

EventFrame event(std::string_view type, std::string_view content_type, std::string_view payload) {
  std::string headers;
  append_header(headers, ":event-type", type);
  append_header(headers, ":content-type", content_type);
  append_header(headers, ":message-type", "event");
  EventFrame frame;
  append_u32(frame.head, static_cast<std::uint32_t>(kPrelude + headers.size() + payload.size() + kChecksum));
  append_u32(frame.head, static_cast<std::uint32_t>(headers.size()));
  append_u32(frame.head, checksum(0, frame.head));
  frame.head += headers;
  append_u32(frame.tail, checksum(checksum(0, frame.head), payload));
  return frame;
}

}  // namespace

EventFrame payload_chunk(std::string_view payload) {
  return event("PayloadChunk", "application/octet-stream", payload);
}

std::string invoke_complete(const InvokeComplete& complete) {
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
  if (!complete.error_code.empty()) fields["ErrorCode"] = complete.error_code;
  if (!complete.error_details.empty()) fields["ErrorDetails"] = complete.error_details;
  if (!complete.log_result.empty()) fields["LogResult"] = complete.log_result;
  const std::string payload = fields.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  const EventFrame frame = event("InvokeComplete", "application/json", payload);
  return frame.head + payload + frame.tail;
}

}  // namespace lemu::emulator
