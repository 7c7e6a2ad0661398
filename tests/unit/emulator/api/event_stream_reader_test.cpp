// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/event_stream_reader.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "emulator/api/event_stream.hpp"

using namespace lemu::emulator;

namespace {

std::string chunk(std::string_view payload) {
  const EventFrame frame = payload_chunk(payload);
  return std::string(frame.head).append(payload).append(frame.tail);
}

void append_u32(std::string& out, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255U);
}

/// A message with those headers, its lengths as they are said to be, and right checksums.
std::string message(std::string_view headers, std::string_view payload, std::size_t said_size,
                    std::size_t said_headers) {
  std::string text;
  append_u32(text, said_size);
  append_u32(text, said_headers);
  append_u32(text, event_stream_checksum(text));
  text.append(headers).append(payload);
  append_u32(text, event_stream_checksum(text));
  return text;
}

std::string message(std::string_view headers, std::string_view payload = {}) {
  return message(headers, payload, 16 + headers.size() + payload.size(), headers.size());
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

const std::string kTypeA = "\x0b:event-type" + bytes({7, 0, 1}) + "A";

/// All events of it, fed in pieces of that size; "!" and the message for an error.
std::vector<std::string> read(const std::string& stream, std::size_t piece) {
  EventStreamReader reader;
  std::vector<std::string> found;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    reader.feed(std::string_view(stream).substr(at, piece));
    for (;;) {
      const auto event = reader.next();
      if (!event) {
        found.push_back("! " + event.error().message);
        return found;
      }
      if (!*event) break;
      found.push_back((*event)->type + " " + (*event)->payload);
    }
  }
  return found;
}

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("what is written is read, in whatever pieces it comes") {
  const std::string stream = chunk("hello") + chunk("") + chunk(std::string(1000, 'x')) +
                             lemu_report(R"({"a":1})") + invoke_complete({.error_code = "E"});
  const Events expected{"PayloadChunk hello", "PayloadChunk ", "PayloadChunk " + std::string(1000, 'x'),
                        R"(LemuReport {"a":1})", R"(InvokeComplete {"ErrorCode":"E"})"};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{17}, stream.size()}) {
    CAPTURE(piece);
    CHECK(read(stream, piece) == expected);
  }
}

TEST_CASE("no part of a message is an event") {
  const std::string whole = chunk("hello");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(read(whole.substr(0, size), 64).empty());
  }
}

TEST_CASE("headers of every type are passed over") {
  const std::string others = "\x01t" + bytes({0}) +
                             "\x01"
                             "f" +
                             bytes({1}) +
                             "\x01"
                             "b" +
                             bytes({2, 9}) + "\x01s" + bytes({3, 1, 2}) + "\x01i" + bytes({4, 1, 2, 3, 4}) +
                             "\x01l" + bytes({5, 1, 2, 3, 4, 5, 6, 7, 8}) + "\x01y" + bytes({6, 0, 2, 1, 2}) +
                             "\x01w" + bytes({8, 1, 2, 3, 4, 5, 6, 7, 8}) + "\x01u" +
                             bytes({9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  CHECK(read(message(others + kTypeA, "p"), 100) == Events{"A p"});
  CHECK(read(message(kTypeA + others, "p"), 100) == Events{"A p"});
}

TEST_CASE("malformed messages") {
  std::string bad_lengths = chunk("hello"), bad_payload = chunk("hello"), bad_end = chunk("hello");
  bad_lengths[9] ^= 1;
  bad_payload[bad_payload.size() - 5] ^= 1;
  bad_end.back() ^= 1;
  struct Row {
    const char* what;
    std::string stream;
    const char* said;
  };
  const Row rows[] = {
      {"no event stream at all", "HTTP/1.1 400 Bad Request\r\n\r\n",
       "the checksum of a message's lengths is wrong"},
      {"the lengths' checksum", bad_lengths, "the checksum of a message's lengths is wrong"},
      {"a byte of the payload", bad_payload, "a message's checksum is wrong"},
      {"the message's checksum", bad_end, "a message's checksum is wrong"},
      {"shorter than its own frame", message({}, {}, 15, 0), "a message's lengths are wrong"},
      {"of no length", message({}, {}, 0, 0), "a message's lengths are wrong"},
      {"headers longer than the message", message(kTypeA, {}, 16 + kTypeA.size(), kTypeA.size() + 1),
       "a message's lengths are wrong"},
      {"headers of the greatest length", message(kTypeA, {}, 16, 0xffffffff),
       "a message's lengths are wrong"},
      {"larger than any message", message({}, {}, std::size_t{17} << 20, 0), "a message's lengths are wrong"},
      {"no headers", message({}, "p"), "a message's headers name no event"},
      {"a name that runs over", message(bytes({200}) + ":event-type"), "a message's headers name no event"},
      {"a name without a type", message("\x0b:event-type"), "a message's headers name no event"},
      {"an unknown type", message("\x0b:event-type" + bytes({10, 0, 1}) + "A"),
       "a message's headers name no event"},
      {"a value that runs over", message("\x0b:event-type" + bytes({7, 0, 2}) + "A"),
       "a message's headers name no event"},
      {"a value without its length", message("\x0b:event-type" + bytes({7, 0})),
       "a message's headers name no event"},
      {"a type that is no text", message("\x0b:event-type" + bytes({6, 0, 1}) + "A"),
       "a message's headers name no event"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(read(row.stream, row.stream.size()) ==
          Events{std::string("! the answer is no event stream: ") + row.said});
    CHECK(read(chunk("first") + row.stream, 1).front() == "PayloadChunk first");
  }
}
