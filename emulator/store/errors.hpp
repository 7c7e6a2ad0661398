// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {
namespace store_room {

inline constexpr ErrorRow kErrors[] = {
    // What a daemon remembers.
    {"state-folder-not-made", ErrorKind::host_lacks, "cannot make the state folder {path}: {reason}",
     "The folder's place does not exist, or is not yours to write.", "name another one with --state-dir"},
    {"state-folder-of-others", ErrorKind::bad_input, "the state folder {path} is another user's",
     "Who owns the folder could change the events in it.", "name another one with --state-dir"},
    {"state-folder-open", ErrorKind::bad_input, "others can write the state folder {path}",
     "They could put files of theirs in the places of lemu's. A folder that lemu makes is for you alone.",
     "forbid it with chmod go-w, or name another one with --state-dir"},
    {"state-folder-taken", ErrorKind::host_lacks, "another lemu serve{holder} has the state folder {path}",
     "One daemon at a time has a state folder: two would run each event twice.",
     "end that one with `lemu stop`, or name another folder with --state-dir"},
    {"state-lock-not-written", ErrorKind::host_lacks, "cannot write {path}: {os_error}",
     "The disk that holds the state folder is full or read-only, most often.",
     "make room, or name another folder with --state-dir"},
    {"control-socket", ErrorKind::host_lacks, "cannot make or use the control socket {path}: {os_error}",
     "`lemu ps`, `logs`, `async` and `stop` talk to lemu serve by a UNIX socket in lemu's folder for "
     "temporary "
     "files.",
     "set TMPDIR to a folder on a local disk that you may write, for lemu serve and for these commands"},
    {"control-folder-not-yours", ErrorKind::host_lacks, "the folder {path} belongs to another user",
     "Who has the folder could put a socket in the place of lemu's.",
     "remove it, or set TMPDIR to a folder of yours"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace store_room
using namespace store_room;

}  // namespace lemu::emulator
