// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {
namespace rie_room {

inline constexpr ErrorRow kErrors[] = {
    {"rie-timeout", ErrorKind::bad_usage,
     "AWS_LAMBDA_FUNCTION_TIMEOUT is '{value}', which is not a whole number of seconds",
     "aws-lambda-rie counts the timeout in whole seconds, from 1.", "AWS_LAMBDA_FUNCTION_TIMEOUT=300"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace rie_room
using namespace rie_room;

}  // namespace lemu::emulator
