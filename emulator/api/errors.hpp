// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {
namespace api_room {

inline constexpr ErrorRow kErrors[] = {
    // Answers of a daemon.
    {"event-stream-malformed", ErrorKind::bad_input, "the answer is no event stream: {what}",
     "What answers at --endpoint is no lemu serve, or something between changed its answer.",
     "name the address of a lemu serve with --endpoint"},
    {"caller-gone", ErrorKind::bad_input,
     "the caller closed its side of the connection while the invocation waited for its turn",
     "What has not begun is not begun for a caller that seems to have gone.",
     "keep the connection open until the answer"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace api_room
using namespace api_room;

}  // namespace lemu::emulator
