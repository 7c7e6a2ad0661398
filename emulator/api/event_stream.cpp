// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/event_stream.hpp"

#include <zlib.h>

#include <cstdint>
#include <nlohmann/json.hpp>

namespace lemu::emulator {
namespace {

constexpr std::string_view kJson = "application/json";

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255U);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += static_cast<char>(name.size());
  out.append(name);
  out += kEventStreamText;
  out += static_cast<char>(value.size() >> 8 & 255U);
  out += static_cast<char>(value.size() & 255U);
  out.append(value);
}

EventFrame event(std::string_view type, std::string_view content_type, std::string_view payload) {
  std::string headers;
  append_header(headers, ":event-type", type);
  append_header(headers, ":content-type", content_type);
  append_header(headers, ":message-type", "event");
  EventFrame frame;
  append_u32(frame.head, static_cast<std::uint32_t>(kEventStreamPrelude + headers.size() + payload.size() +
                                                    kEventStreamChecksum));
  append_u32(frame.head, static_cast<std::uint32_t>(headers.size()));
  append_u32(frame.head, event_stream_checksum(frame.head));
  frame.head += headers;
  append_u32(frame.tail, event_stream_checksum(payload, event_stream_checksum(frame.head)));
  return frame;
}

std::string whole(std::string_view type, std::string_view payload) {
  const EventFrame frame = event(type, kJson, payload);
  return std::string(frame.head).append(payload).append(frame.tail);
}

}  // namespace

std::uint32_t event_stream_checksum(std::string_view bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

EventFrame payload_chunk(std::string_view payload) {
  return event(kPayloadChunk, "application/octet-stream", payload);
}

std::string lemu_report(std::string_view json) { return whole(kLemuReport, json); }

std::string invoke_complete(const InvokeComplete& complete) {
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
  if (!complete.error_code.empty()) fields["ErrorCode"] = complete.error_code;
  if (!complete.error_details.empty()) fields["ErrorDetails"] = complete.error_details;
  if (!complete.log_result.empty()) fields["LogResult"] = complete.log_result;
  return whole(kInvokeComplete,
               fields.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace lemu::emulator
