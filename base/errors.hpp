// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu {

inline constexpr ErrorRow kErrors[] = {
    {"cannot-open", ErrorKind::internal, "cannot open {path}: {os_error}",
     "A file that lemu needs could not be opened.", kNoRemedy},
    {"not-a-regular-file", ErrorKind::bad_input, "{path} is {kind}, not a regular file",
     "lemu reads this file, and only a regular file can be read without waiting for others.",
     "put a regular file in its place"},
    {"pipe-without-writer", ErrorKind::bad_input, "nobody writes to the named pipe {path}",
     "lemu was told to read a named pipe, and no program has opened it for writing.",
     "start the program that writes to it first"},
    {"cannot-write", ErrorKind::internal, "cannot write {path}: {os_error}",
     "A file could not be put in its place: a folder stands there, or its folder may not be written.",
     "name another place"},
    {"cannot-make-folder", ErrorKind::bad_input, "cannot make the folder {path}: {os_error}",
     "A file stands there, or the folder above it may not be written.", "name another place"},
    {"place-of-others", ErrorKind::bad_input,
     "{path}: {folder} on the way there belongs to another user (uid {uid})",
     "Who owns a folder can put other files in the place of those in it, and lead a link elsewhere.",
     "name a place in folders that are yours or root's"},
    {"place-open-to-others", ErrorKind::bad_input,
     "{path}: other users can write the folder {folder} (mode {mode})",
     "Who can write a folder can put other files in the place of those in it, unless it is sticky, as /tmp "
     "is.",
     "chmod go-w {$folder}, or name a place in another folder"},
    {"file-of-others", ErrorKind::bad_input, "{path} is a file of another user (uid {uid})",
     "In a folder such as /tmp another user can have made the file first, and would read what lemu writes.",
     "name another file"},
    {"system-call-failed", ErrorKind::internal, "cannot {attempt}: {os_error}",
     "The kernel refused lemu something that it should not: often a limit on open files or memory, or a full "
     "disk.",
     "look at `ulimit -n`, the free memory and the free space of the file system named"},
    {"file-too-large", ErrorKind::bad_input, "{path} is larger than {limit} bytes",
     "A file that lemu reads whole is larger than such files are.", "check that it is the file you mean"},
    {"temporary-folder", ErrorKind::host_lacks, "cannot make a temporary folder {path}: {os_error}",
     "The folder for temporary files is missing, full or not yours to write.",
     "set TMPDIR to a folder that can be written"},
    {"socket-owners-unknown", ErrorKind::host_lacks, "this kernel does not tell who has a socket: {os_error}",
     "lemu asks it by sock_diag(7), which a kernel without inet_diag lacks and a container may forbid.",
     "load the kernel's module: modprobe tcp_diag"},
    {"value-not-readable", ErrorKind::bad_usage, "'{text}' is not a {what}: {reason}",
     "A size or a duration is written in a way that lemu does not read, or is out of range.",
     "write for example {example}"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace lemu
