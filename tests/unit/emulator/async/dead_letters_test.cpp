// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/dead_letters.hpp"

#include <doctest/doctest.h>

#include "base/temporary_folder.hpp"

namespace lemu::emulator {
namespace {

DeadLetter letter() {
  return {{{.request_id = "id-1", .function = "f", .accepted_ms = 5, .attempts = 3},
           "arn:aws:lambda:us-east-1:123456789012:function:f",
           "",
           "Root=1",
           R"({ "key" : 1 })"},
          "RetriesExhausted",
          1'768'330'800'123,
          R"({"errorType":"E"})"};
}

}  // namespace

TEST_CASE("the record is what Lambda sends to a failure destination") {
  const std::string record = record_of(letter());
  CHECK(record.starts_with(
      R"({"version":"1.0","timestamp":"2026-01-13T19:00:00.123Z","requestContext":{"requestId":"id-1",)"
      R"("functionArn":"arn:aws:lambda:us-east-1:123456789012:function:f","condition":"RetriesExhausted",)"
      R"("approximateInvokeCount":3},"requestPayload":{"key":1},"responseContext":{"statusCode":200,)"
      R"("executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorType":"E"})"));
}

TEST_CASE("a letter that never ran has no response") {
  DeadLetter never = letter();
  never.response.reset();
  CHECK(record_of(never).find("response") == std::string::npos);
}

TEST_CASE("a payload nested too deep for a document stands in the record as a text") {
  struct Row {
    std::size_t levels;
    char first;
  };
  for (const Row& row : {Row{998, '['}, Row{999, '['}, Row{1000, '"'}, Row{300'000, '"'}}) {
    CAPTURE(row.levels);
    DeadLetter deep = letter();
    deep.event.payload = std::string(row.levels, '[') + std::string(row.levels, ']');
    deep.response = deep.event.payload;
    const std::string record = record_of(deep);
    for (const std::string_view key : {R"("requestPayload":)", R"("responsePayload":)"})
      CHECK(record.at(record.find(key) + key.size()) == row.first);
    CHECK(event_of(record).value().payload == deep.event.payload);
  }
}

TEST_CASE("a lone surrogate stays what it is") {
  DeadLetter lone = letter();
  lone.event.payload = R"({"key": "\ud800"})";
  const std::string record = record_of(lone);
  CHECK(record.find(R"("requestPayload":{"key": "\ud800"},"responseContext")") != std::string::npos);
  CHECK(event_of(record).value().payload == lone.event.payload);
}

TEST_CASE("a letter's event comes back byte for byte") {
  const AcceptedEvent event = event_of(record_of(letter())).value();
  CHECK(event.payload == R"({ "key" : 1 })");
  CHECK(event.schedule.request_id == "id-1");
  CHECK(event.schedule.function == "f");
  CHECK(event.schedule.attempts == 0);
  CHECK(event.trace == "Root=1");
  CHECK_FALSE(event_of("{}"));
  CHECK_FALSE(event_of("no json"));
}

TEST_CASE("letters are kept, listed, read and removed by request id") {
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-letters").value();
  const DeadLetters letters(folder.path() + "/dead-letters");
  CHECK(letters.list().empty());
  REQUIRE(letters.write(letter()));
  REQUIRE(letters.list().size() == 1);
  CHECK(letters.list()[0].function == "f");
  CHECK(letters.read("id-1").value() == record_of(letter()));
  CHECK_FALSE(letters.read("../id-1"));
  REQUIRE(letters.remove("id-1"));
  CHECK(letters.list().empty());
}

}  // namespace lemu::emulator
