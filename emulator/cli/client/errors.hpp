// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator::cli {
namespace client_room {

inline constexpr ErrorRow kErrors[] = {
    // Talking to a running daemon.
    {"function-name-missing", ErrorKind::bad_usage, "no function named",
     "The command shows one function's log.", "usage: {usage}"},
    {"async-action-unknown", ErrorKind::bad_usage, "'{action}' is none of ls, show, redrive",
     "lemu async does one of three things.", "usage: {usage}"},
    {"async-request-id", ErrorKind::bad_usage, "'{action}' was given too few or too many arguments",
     "show and redrive are for one request id, ls is for all.", "usage: {usage}"},
    {"endpoint-malformed", ErrorKind::bad_usage, "'{url}' is not the address of a lemu serve",
     "An endpoint is http://, a host's name or address, and a port. An IPv6 address stands in brackets.",
     "for example --endpoint http://127.0.0.1:9000"},
    {"endpoint-remote", ErrorKind::bad_usage, "{url} is on another machine",
     "`lemu ps`, `logs`, `async` and `stop` talk to lemu serve by a UNIX socket, so they work on its own "
     "machine only.",
     "run the command on that machine"},
    {"endpoint-of-others", ErrorKind::bad_input, "{url} belongs to another user, the one with the id {uid}",
     "Only the user who started lemu serve, and root, may look after it.",
     "run the command as that user or as root"},
    {"endpoint-not-controlled", ErrorKind::host_lacks,
     "what listens at {url} has no control socket in {folders}",
     "No lemu serve listens there, or it was started with another TMPDIR, or in a container.",
     "set TMPDIR as it was for lemu serve, or end lemu serve by SIGTERM"},
    {"endpoint-failed", ErrorKind::host_lacks, "{url} could not do it: {reason}",
     "The daemon cannot run the function, or not now: its own words say why.",
     "see `lemu ps`, and what lemu serve says on its stderr"},
    {"endpoint-refused", ErrorKind::bad_input, "{url} refused it: {reason}",
     "The daemon answered with an error; its own words say which.",
     "see `lemu ps` for the functions it serves, `lemu async ls` for events"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace client_room
using namespace client_room;

}  // namespace lemu::emulator::cli
