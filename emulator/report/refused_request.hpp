// SPDX-License-Identifier: Apache-2.0
// What the user is told of a request that the Runtime API refused. Pure.
#pragma once

#include <string>

#include "rapi/http.hpp"

namespace lemu::emulator {

/// "the Runtime API answered 404 to 'GET /nowhere': there is no such path"
[[nodiscard]] std::string refused_request(const rapi::HttpRefused& refused);

}  // namespace lemu::emulator
