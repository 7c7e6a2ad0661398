// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {
namespace async_room {

inline constexpr ErrorRow kErrors[] = {
    {"journal-not-opened", ErrorKind::host_lacks, "cannot open {path}: {reason}",
     "The journal of asynchronous events cannot be opened or made.",
     "look at who owns the state folder, or name another one with --state-dir"},
    {"journal-not-moved", ErrorKind::host_lacks, "cannot move {path} aside: {os_error}",
     "The journal is damaged, and its folder does not let it be renamed.",
     "look at who owns the state folder, or name another one with --state-dir"},
    {"journal-failed", ErrorKind::host_lacks, "the journal of asynchronous events: {reason}",
     "The disk that holds the state folder is full or broken, most often: the event was not accepted.",
     "make room on the disk that holds the state folder"},
    {"dead-letter-unknown", ErrorKind::bad_input, "there is no dead letter with the request id {id}",
     "It was redriven or removed, or never given up.", "see the list of `lemu async ls`"},
    {"dead-letter-malformed", ErrorKind::bad_input, "this is no dead letter of lemu's",
     "The file was changed, or another program put it there.", "send the event anew"},
    {"dead-letter-not-removed", ErrorKind::host_lacks, "cannot remove {path}: {os_error}",
     "The folder of dead letters is not yours to write.", "look at who owns the state folder"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace async_room
using namespace async_room;

}  // namespace lemu::emulator
