// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/identifiers.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {
namespace {

struct Nines : Identifiers {
  std::string hex(std::size_t digits) override { return std::string(digits, '9'); }
};

}  // namespace

TEST_CASE("a caller's trace is made whole") {
  const std::string root = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700";
  const std::string fresh = "Root=1-00000005-" + std::string(24, '9') + ";Parent=9999999999999999;Sampled=0";
  struct Row {
    std::string given;
    std::string passed;
  };
  for (const Row& row : std::initializer_list<Row>{
           {root + ";Parent=9a9197af755a6419;Sampled=1", root + ";Parent=9a9197af755a6419;Sampled=1"},
           {"Sampled=1; Parent=9a9197af755a6419; " + root, root + ";Parent=9a9197af755a6419;Sampled=1"},
           {root, root + ";Parent=9999999999999999;Sampled=0"},
           {root + ";Sampled=1", root + ";Parent=9999999999999999;Sampled=1"},
           {root + ";Sampled=?", root + ";Parent=9999999999999999;Sampled=0"},
           {root + ";Parent=none;Self=1-2-3", root + ";Parent=9999999999999999;Sampled=0"},
           {root + ";Lineage=1:a87bd80c:0", root + ";Parent=9999999999999999;Sampled=0;Lineage=1:a87bd80c:0"},
           {"", fresh},
           {"garbage", fresh},
           {";;=;Root", fresh},
           {"Root=;Sampled=1", fresh},
           {"Root=1-5bef4de7-short", fresh},
           {"Root=2-5bef4de7-ad49b0e87f6ef6c87fc2e700", fresh},
           {"XRoot=1-5bef4de7-ad49b0e87f6ef6c87fc2e700", fresh},
       }) {
    CAPTURE(row.given);
    Nines ids;
    const std::chrono::system_clock::time_point now{std::chrono::seconds(5)};
    CHECK(complete_trace_id(row.given, ids, now) == row.passed);
  }
}

}  // namespace lemu::emulator
