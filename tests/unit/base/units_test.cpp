// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using lemu::kMiB;

namespace {

void check_refusal(const lemu::Error& error, const std::string& text) {
  CHECK(error.kind == lemu::ErrorKind::bad_usage);
  CHECK(error.message.find("'" + text + "'") == 0);
  CHECK(error.remedy.find("for example") != std::string::npos);
}

}  // namespace

TEST_CASE("durations are read as a person writes them") {
  struct Row {
    std::string text;
    std::optional<std::chrono::nanoseconds> expected;
  };
  const Row rows[] = {
      {"3", 3s},
      {"3s", 3s},
      {"500ms", 500ms},
      {"1.5s", 1500ms},
      {"1.5", 1500ms},
      {"2m", 2min},
      {"2min", 2min},
      {"1h", 1h},
      {"250us", 250us},
      {"7ns", 7ns},
      {"1m30s", 90s},
      {"1h 0.5m", std::nullopt},
      {"3 s", 3s},
      {"3S", 3s},
      {"0", 0ns},
      {".5s", 500ms},
      {"5.s", 5s},
      {"0.1s", 100ms},
      {"0.0000000001s", 0ns},
      {"9223372036s", 9223372036s},
      {"", std::nullopt},
      {"-3", std::nullopt},
      {"-3s", std::nullopt},
      {"+3", std::nullopt},
      {"3x", std::nullopt},
      {"s", std::nullopt},
      {".", std::nullopt},
      {"1.2.3s", std::nullopt},
      {"3s ", std::nullopt},
      {"3 ", std::nullopt},
      {" 3s", std::nullopt},
      {"1m30", std::nullopt},
      {"3s,", std::nullopt},
      {"three", std::nullopt},
      {"9223372037s", std::nullopt},
      {"99999999999999999999", std::nullopt},
      {"1e3s", std::nullopt},
      {"0x10", std::nullopt},
      {"1m-3s", std::nullopt},
      {"inf", std::nullopt},
      {"999999999999999999h", std::nullopt},
      {"1MB", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto read = lemu::parse_duration(row.text);
    REQUIRE(read.has_value() == row.expected.has_value());
    if (read)
      CHECK(*read == *row.expected);
    else
      check_refusal(read.error(), row.text);
  }
}

TEST_CASE("a number alone counts the caller's unit") {
  CHECK(lemu::parse_duration("250", 1ms).value() == 250ms);
  CHECK(lemu::parse_duration("2s", 1ms).value() == 2s);
  CHECK(lemu::parse_size("100", 1).value() == 100);
  CHECK(lemu::parse_size("128").value() == 128 * kMiB);
}

TEST_CASE("sizes are read as a person writes them, in powers of 1024") {
  struct Row {
    std::string text;
    std::optional<std::uint64_t> expected;
  };
  const Row rows[] = {
      {"128", 128 * kMiB},
      {"512MB", 512 * kMiB},
      {"512MiB", 512 * kMiB},
      {"256M", 256 * kMiB},
      {"256m", 256 * kMiB},
      {"1GB", 1024 * kMiB},
      {"1GiB", 1024 * kMiB},
      {"1g", 1024 * kMiB},
      {"64k", 65536},
      {"64KB", 65536},
      {"100B", 100},
      {"0", 0},
      {"1.5G", 1536 * kMiB},
      {"512 MB", 512 * kMiB},
      {"0.5k", 512},
      {"1T", 1024 * 1024 * kMiB},
      {"16777215T", 16777215ULL << 40},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"-1MB", std::nullopt},
      {"+1MB", std::nullopt},
      {"1XB", std::nullopt},
      {"MB", std::nullopt},
      {"1MB2", std::nullopt},
      {"1 ", std::nullopt},
      {"1MB ", std::nullopt},
      {"1 2", std::nullopt},
      {"0.5B", std::nullopt},
      {"1.0000001k", std::nullopt},
      {"16777216T", std::nullopt},
      {"1e9", std::nullopt},
      {"0x100", std::nullopt},
      {"1234567890123456789", std::nullopt},
      {"3s", std::nullopt},
      {"1,5G", std::nullopt},
      {"1.5.5G", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto read = lemu::parse_size(row.text);
    REQUIRE(read.has_value() == row.expected.has_value());
    if (read)
      CHECK(*read == *row.expected);
    else
      check_refusal(read.error(), row.text);
  }
}

TEST_CASE("a printed duration is short, exact, and read back the same") {
  struct Row {
    std::chrono::nanoseconds duration;
    std::string expected;
  };
  const Row rows[] = {
      {0ns, "0s"},
      {7ns, "7ns"},
      {1500ns, "1.5us"},
      {250us, "250us"},
      {500ms, "500ms"},
      {1500ms, "1.5s"},
      {3s, "3s"},
      {2min, "2m"},
      {90s, "1m30s"},
      {1h, "1h"},
      {3605s, "1h5s"},
      {90061ms, "1m30.061s"},
      {1s + 1ns, "1.000000001s"},
      {3600s + 1ms, "1h0.001s"},
      {60s + 5ms, "1m0.005s"},
  };
  for (const Row& row : rows) {
    CHECK(lemu::print_duration(row.duration) == row.expected);
    CHECK(lemu::parse_duration(row.expected).value() == row.duration);
  }
  CHECK(lemu::print_duration(-1500ms) == "-1.5s");
}

TEST_CASE("a printed size uses the largest unit, to one decimal") {
  struct Row {
    std::uint64_t bytes;
    std::string expected;
  };
  const Row rows[] = {{0, "0B"},
                      {100, "100B"},
                      {1023, "1023B"},
                      {1024, "1KB"},
                      {1536, "1.5KB"},
                      {262144000, "250MB"},
                      {kMiB - 1, "1023.9KB"},
                      {1024 * kMiB, "1GB"},
                      {1536 * kMiB, "1.5GB"},
                      {kMiB + 1, "1MB"}};
  for (const Row& row : rows) CHECK(lemu::print_size(row.bytes) == row.expected);
}

TEST_CASE("a port is decimal digits up to 65535") {
  for (const auto& [text, port] : std::initializer_list<std::pair<const char*, std::uint16_t>>{
           {"0", 0}, {"9000", 9000}, {"65535", 65535}}) {
    CAPTURE(text);
    CHECK(lemu::parse_port(text) == port);
  }
  for (const char* text : {"", "65536", "-1", "+1", " 1", "1 ", "0x10", "http"}) {
    CAPTURE(text);
    CHECK(!lemu::parse_port(text));
  }
}
