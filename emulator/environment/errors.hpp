// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {
namespace environment_room {

inline constexpr std::string_view kBringInterpreter =
    "put an {arch} interpreter in the package (a static busybox as #!/var/task/busybox sh), or give a root "
    "that has "
    "it with --sysroot DIR";

inline constexpr ErrorRow kErrors[] = {
    // Preparing the function.
    {"package-not-executable-there", ErrorKind::host_lacks,
     "{path} lies on a file system that is mounted noexec: nothing on it can be executed",
     "The kernel refuses what Lambda would run: not the file's mode is wrong, but the place.",
     "copy it to another folder"},
    {"unpacked-where-not-executable", ErrorKind::host_lacks,
     "the zip was unpacked to {path}, which lies on a file system that is mounted noexec: nothing on it can "
     "be "
     "executed",
     "lemu unpacks below TMPDIR, and the kernel executes nothing there.",
     "set TMPDIR to a folder on another file system"},
    {"cpu-unknown", ErrorKind::bad_usage, "--cpu {cpu}: this QEMU knows no CPU model '{model}'",
     "The model is misspelt, or newer than the QEMU installed.", "see the list of `{$qemu} -cpu help`"},
    {"sysroot-not-folder", ErrorKind::bad_input, "--sysroot {path}: not a folder",
     "The path does not exist or is a file.", "give the root folder of an unpacked {arch} system"},
    {"script-interpreter-missing", ErrorKind::invalid_entrypoint,
     "the bootstrap is a script for {interpreter}, which does not exist there",
     "The interpreter in the script's first line is neither in the package nor on this machine.",
     "install it, or change the first line of the bootstrap",
     "fork/exec /var/task/bootstrap: no such file or directory"},
    {"script-interpreter-missing-for-architecture", ErrorKind::host_lacks,
     "the bootstrap is a script for {interpreter}, and there is no {arch} {interpreter}",
     "A script needs an interpreter of the function's architecture, and this machine has only its own.",
     kBringInterpreter},
    {"script-interpreter-wrong-architecture", ErrorKind::host_lacks,
     "the bootstrap is a script for {interpreter}: {reason}",
     "The interpreter that was found is a program for another architecture than the function's.",
     kBringInterpreter},
    {"script-interpreter-is-script", ErrorKind::bad_input,
     "the bootstrap is a script for {interpreter}, which is a script itself",
     "The interpreter in the first line must be a program.", "name a program in the first line"},

    // Running it.
    {"environment-folder", ErrorKind::host_lacks, "cannot {attempt}: {os_error}",
     "lemu keeps a folder for each execution environment below TMPDIR, and could not make it.",
     "set TMPDIR to a folder of yours that can be written"},
    {"environment-folder-not-yours", ErrorKind::host_lacks, "{path} is not a folder of yours alone",
     "Something else stands at the place of lemu's own folder, or others can write there.",
     "remove it, or set TMPDIR to a folder of yours"},
    {"package-gone", ErrorKind::bad_input, "cannot open the function's code {path}: {os_error}",
     "The folder or file was there when lemu looked at it, and was moved, removed or closed to you since.",
     "put it back and try again"},
    {"package-replaced", ErrorKind::bad_input,
     "{path} was replaced while lemu started the function: another file has its name now",
     "Somebody moves the folder or file, or one above it. lemu runs only what it has inspected.",
     "try again when nobody moves it; copy a package that others can move into a folder of your own"},
    {"sandbox-refused", ErrorKind::host_lacks, "the sandbox was refused at its step '{step}': {os_error}",
     "This machine or container forbids something that a sandbox is made of.",
     "run `lemu doctor`: it names what forbids it, and the command that allows it"},
    {"sandbox-refused-to-root", ErrorKind::host_lacks,
     "{refusal}. lemu runs no function as root without a sandbox",
     "This machine or container forbids something that a sandbox is made of. Without a sandbox the function "
     "would be root.",
     "run lemu as an ordinary user, or see `lemu doctor` for what forbids the sandbox; --sandbox off runs "
     "the "
     "function as root"},
    {"sandbox-partial", ErrorKind::host_lacks,
     "this host gives only a part of the sandbox that --sandbox on asks for; it lacks: {parts}",
     "This machine or container forbids a part of what a sandbox is made of.",
     "run `lemu doctor`: it names what forbids it, and the command that allows it"},
    {"sandbox-without-process", ErrorKind::host_lacks,
     "no process could be started at the sandbox's step '{step}': {os_error}",
     "You, or the container, run as many processes as the limit allows.",
     "end some of them, or raise the limit: ulimit -u"},
    {"sandbox-without-namespace", ErrorKind::host_lacks,
     "no namespace could be made at the sandbox's step '{step}': {os_error}",
     "The limit on namespaces of this user, or of a container around it, is reached.",
     "end other sandboxes, or raise the limit: sudo sysctl -w user.max_user_namespaces=15000"},
    {"sandbox-without-file", ErrorKind::host_lacks, "the sandbox's step '{step}' failed: {os_error}",
     "A file that the sandbox needs is missing, or was moved while the sandbox was made.",
     "put it back and try again"},
    {"sandbox-without-memory", ErrorKind::host_lacks, "the sandbox's step '{step}' failed: {os_error}",
     "The machine, or a limit set for you, leaves too little memory for a sandbox.", "free some memory"},
    {"sandbox-without-room", ErrorKind::host_lacks, "the sandbox's step '{step}' failed: {os_error}",
     "There is no room for a file of the sandbox, or the limit on mounts is reached.",
     "end other sandboxes, or raise the limit on mounts: sudo sysctl -w fs.mount-max=100000"},
    {"sandbox-without-descriptor", ErrorKind::host_lacks, "the sandbox's step '{step}' failed: {os_error}",
     "You, or the machine, have as many files open as the limit allows.",
     "close some, or raise the limit: ulimit -n"},
    {"sandbox-file-too-large", ErrorKind::host_lacks, "the sandbox's step '{step}' failed: {os_error}",
     "The limit on the size of files is too small even for the sandbox's small files.",
     "raise the limit: ulimit -f unlimited"},
    {"qemu-broken", ErrorKind::host_lacks, "{qemu} does not run even the smallest {arch} program: {reason}",
     "The QEMU that was found is damaged, something else of its name, or cannot run on this machine.",
     "install it again, or name another one with --qemu"},
    {"helper-ended", ErrorKind::internal, "the helper {helper} ended and gave no reason",
     "lemu-sandbox was killed, or cannot run on this machine.",
     "look for the kernel's out-of-memory killer in `dmesg`; install lemu whole"},
    {"environment-ended", ErrorKind::internal, "the execution environment ended unexpectedly",
     "lemu-sandbox was killed while the program ran.",
     "look for the kernel's out-of-memory killer in `dmesg`"},
    {"shell-command-not-run", ErrorKind::bad_input,
     "cannot run {program} in the function's environment: {os_error}",
     "The command of lemu shell is not among the files that the function sees.",
     "name a program that exists there, by its path inside"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace environment_room
using namespace environment_room;

}  // namespace lemu::emulator
