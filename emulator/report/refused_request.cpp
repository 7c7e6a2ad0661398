// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/refused_request.hpp"

#include "images/entry.hpp"

namespace lemu::emulator {
namespace {

std::string name_of(const http::Refused& refused) {
  if (!refused.method.empty())
    return images::in_quotes(std::string(refused.method) + " " + std::string(refused.target));
  return refused.status == 503 ? "a connection" : "a request that it cannot read";
}

}  // namespace

std::string refused_request(const http::Refused& refused) {
  return "the Runtime API answered " + std::to_string(refused.status) + " to " + name_of(refused) + ": " +
         std::string(refused.reason);
}

}  // namespace lemu::emulator
