// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/billing.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;
using namespace std::chrono_literals;

TEST_CASE("billed durations of lines seen on AWS") {
  struct Row {
    std::chrono::nanoseconds duration;
    std::optional<std::chrono::nanoseconds> init;
    std::int64_t billed;
  };
  const Row rows[] = {
      {2'460us, 413'610us, 417},        {1'233'960us, 463'512us, 1698},   {382'980us, 566'270us, 950},
      {900'000ms, 544'900us, 900'545},  {3'010us, std::nullopt, 4},       {3'000ms, std::nullopt, 3000},
      {15'200us, std::nullopt, 16},     {0ns, std::nullopt, 1},           {1ns, std::nullopt, 1},
      {15'000'400ns, std::nullopt, 15}, {15'005'000ns, std::nullopt, 16},
  };
  for (const Row& row : rows) {
    CAPTURE(row.duration.count());
    CHECK(billed_ms(row.duration, row.init) == row.billed);
  }
}

TEST_CASE("gigabyte-seconds") {
  CHECK(billed_gb_seconds(4, 128) == doctest::Approx(0.0005));
  CHECK(billed_gb_seconds(1000, 1024) == doctest::Approx(1.0));
}
