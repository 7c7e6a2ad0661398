// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/event_stream_reader.hpp"

#include <cstdint>

#include "emulator/api/errors.hpp"
#include "emulator/api/event_stream.hpp"

namespace lemu::emulator {
namespace {

constexpr std::size_t kHeaderBytesAtMost = std::size_t{128} << 10;  // as AWS's SDKs have it
constexpr std::size_t kMessageBytesAtMost = (std::size_t{16} << 20) + kHeaderBytesAtMost;
constexpr std::string_view kTypeHeader = ":event-type";

/// Big-endian; reads no further than `text`.
class ByteReader {
 public:
  explicit ByteReader(std::string_view text) : text_(text) {}
  [[nodiscard]] std::size_t left() const { return text_.size(); }
  std::optional<std::string_view> take(std::size_t count) {
    if (count > text_.size()) return std::nullopt;
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(count);
    return taken;
  }
  std::optional<std::uint32_t> number(std::size_t bytes) {
    const std::optional<std::string_view> taken = take(bytes);
    if (!taken) return std::nullopt;
    std::uint32_t value = 0;
    for (const char byte : *taken) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }

 private:
  std::string_view text_;
};

/// What a header's value takes: by its type, or by a length of two bytes ahead of it.
std::optional<std::string_view> take_value(ByteReader& from, std::uint32_t type) {
  constexpr std::size_t sizes[] = {0, 0, 1, 2, 4, 8};  // true, false, byte, short, integer, long
  constexpr std::uint32_t bytes = 6, text = kEventStreamText, timestamp = 8, uuid = 9;
  if (type < std::size(sizes)) return from.take(sizes[type]);
  if (type == timestamp) return from.take(8);
  if (type == uuid) return from.take(16);
  if (type != bytes && type != text) return std::nullopt;
  const std::optional<std::uint32_t> size = from.number(2);
  return size ? from.take(*size) : std::nullopt;
}

/// The value of the header that names the event; nothing where the headers are malformed or there is none.
std::optional<std::string> event_type(std::string_view headers) {
  ByteReader from(headers);
  std::optional<std::string> found;
  while (from.left() > 0) {
    const std::optional<std::uint32_t> name_size = from.number(1);
    const std::optional<std::string_view> name = from.take(name_size.value_or(0));
    const std::optional<std::uint32_t> type = from.number(1);
    const std::optional<std::string_view> value = type ? take_value(from, *type) : std::nullopt;
    if (!name || !value) return std::nullopt;
    if (*name == kTypeHeader && *type == kEventStreamText) found = *value;
  }
  return found;
}

}  // namespace

Result<std::optional<StreamedEvent>> EventStreamReader::next() {
  const std::string_view all = unread_;
  if (all.size() < kEventStreamPrelude) return std::nullopt;
  ByteReader prelude(all.substr(0, kEventStreamPrelude));
  const std::size_t size = *prelude.number(4);
  const std::size_t header_size = *prelude.number(4);
  if (*prelude.number(4) != event_stream_checksum(all.substr(0, kEventStreamPrelude - kEventStreamChecksum)))
    return fail<"event-stream-malformed">(at<"what">("the checksum of a message's lengths is wrong"));
  if (size > kMessageBytesAtMost || header_size > kHeaderBytesAtMost ||
      size < kEventStreamPrelude + header_size + kEventStreamChecksum)
    return fail<"event-stream-malformed">(at<"what">("a message's lengths are wrong"));
  if (all.size() < size) return std::nullopt;
  const std::string_view message = all.substr(0, size - kEventStreamChecksum);
  if (*ByteReader(all.substr(message.size())).number(4) != event_stream_checksum(message))
    return fail<"event-stream-malformed">(at<"what">("a message's checksum is wrong"));
  std::optional<std::string> type = event_type(message.substr(kEventStreamPrelude, header_size));
  if (!type) return fail<"event-stream-malformed">(at<"what">("a message's headers name no event"));
  StreamedEvent event{std::move(*type), std::string(message.substr(kEventStreamPrelude + header_size))};
  unread_.erase(0, size);
  return std::optional(std::move(event));
}

}  // namespace lemu::emulator
