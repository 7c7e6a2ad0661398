// SPDX-License-Identifier: Apache-2.0
// What the user is told of a request that the Runtime API refused. Pure.
#pragma once

#include <string>

#include "base/http/http.hpp"

namespace lemu::emulator {

/// "the Runtime API answered 404 to 'GET /nowhere': there is no such path"
[[nodiscard]] std::string refused_request(const http::Refused& refused);

}  // namespace lemu::emulator
