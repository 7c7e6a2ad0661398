// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator::cli {
namespace doctor_room {

inline constexpr ErrorRow kErrors[] = {
    {"proc-missing", ErrorKind::host_lacks, "there is no /proc here, which lemu cannot do without",
     "The container or chroot has no /proc.", "mount -t proc proc /proc"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace doctor_room
using namespace doctor_room;

}  // namespace lemu::emulator::cli
