// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/event_stream.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;

namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

// ":event-type", ":content-type" and ":message-type" with their values, each of type 7.
const std::string kChunkHeaders =
    "0b3a6576656e742d7479706507000c5061796c6f61644368756e6b0d3a636f6e74656e742d74797065070018"
    "6170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650700056576656e74";
const std::string kCompleteHeaders =
    "0b3a6576656e742d7479706507000e496e766f6b65436f6d706c6574650d3a636f6e74656e742d74797065070010"
    "6170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e74";

}  // namespace

// All messages here are such as botocore's decoder (botocore.eventstream) takes.

TEST_CASE("a payload's frame") {
  struct Row {
    std::string payload;
    std::string prelude;
    std::string tail;
  };
  const Row rows[] = {
      {"hello", "0000006f0000005af5fe871f", "29e71260"},
      {"", "0000006a0000005a3d1e086f", "60b0ca74"},
      {all_bytes(), "0000016a0000005af642dbca", "bdf92bc5"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.payload.size());
    const EventFrame frame = payload_chunk(row.payload);
    CHECK(hex(frame.head) == row.prelude + kChunkHeaders);
    CHECK(hex(frame.tail) == row.tail);
  }
}

TEST_CASE("the end of a response") {
  struct Row {
    InvokeComplete complete;
    std::string prelude;
    std::string payload;
    std::string tail;
  };
  const Row rows[] = {
      {{}, "00000066000000541f56c869", "{}", "7006d467"},
      {{"Function.Asked", R"({"a":1})", "U1RBUlQK"},
       "000000b400000054ec63e450",
       R"({"ErrorCode":"Function.Asked","ErrorDetails":"{\"a\":1}","LogResult":"U1RBUlQK"})",
       "8a7edda7"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.payload);
    CHECK(hex(invoke_complete(row.complete)) == row.prelude + kCompleteHeaders + hex(row.payload) + row.tail);
  }
}

TEST_CASE("error details that are no text are passed on as text") {
  CHECK(invoke_complete({.error_code = "X", .error_details = "\xff"}).find("\xef\xbf\xbd") !=
        std::string::npos);
}
