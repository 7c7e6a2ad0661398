// SPDX-License-Identifier: Apache-2.0
// RieSettings: everything `lemu rie` can be told, as aws-lambda-rie has it (its internal/lambda/rie/run.go).
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/rie/rie_log.hpp"

namespace lemu::emulator {

struct RieAddress {
  std::string host;  ///< numeric; empty: all of this machine's
  std::uint16_t port = 0;
};

struct RieSettings {
  RieAddress listen{"0.0.0.0", 8080};
  RieAddress runtime_api{"127.0.0.1", 9001};
  RieLevel level = RieLevel::info;
  std::vector<std::string> host_names = {};
  std::vector<std::string> command = {};  ///< the bootstrap, its arguments, the handler
};

}  // namespace lemu::emulator
