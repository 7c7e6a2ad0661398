// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::qemu {

// Lambda is written in Go: its reasons are Go's spellings of errno (syscall/zerrors_linux_*.go).
inline constexpr std::string_view kFormatError = "exec format error";
inline constexpr std::string_view kPermissionDenied = "permission denied";
inline constexpr std::string_view kNotFound = "no such file or directory";

inline constexpr std::string_view kBuildEither =
    "build it for Linux: GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -o bootstrap (GOARCH=amd64 for "
    "x86_64)";
inline constexpr std::string_view kBuildElf = "build it for linux/arm64 (aarch64) or linux/amd64 (x86_64)";
inline constexpr std::string_view kInstallQemu =
    "apt install qemu-user-static (Debian 13 and later: apt install qemu-user), or dnf install "
    "qemu-user-static; or "
    "name one with --qemu PATH";

inline constexpr ErrorRow kErrors[] = {

    // The program: "PATH: " stands in front of its messages, and "fork/exec /var/task/bootstrap: " of
    // Lambda's.
    {"program-not-found", ErrorKind::invalid_entrypoint, "{os_error}",
     "There is no file at this path, or a link in it leads nowhere.",
     "check the path; a function's program is named bootstrap", kNotFound},
    {"program-not-reachable", ErrorKind::invalid_entrypoint, "{os_error}",
     "A folder on the way to the program may not be entered.",
     "check the permissions of the folders above it", kPermissionDenied},
    {"program-not-readable", ErrorKind::invalid_entrypoint, "{os_error}",
     "lemu must read the program's first bytes, and you have no permission to.", "chmod +r {$path}",
     kPermissionDenied},
    {"program-not-read", ErrorKind::bad_input, "cannot read it: {os_error}",
     "Reading the program failed: its disk or network file system has trouble.", "copy it to a local disk",
     kFormatError},
    {"program-is-folder", ErrorKind::invalid_entrypoint, "a directory, not a program",
     "A folder stands where the program should.", "give the bootstrap file in it", kPermissionDenied},
    {"program-not-regular", ErrorKind::invalid_entrypoint, "not a regular file",
     "A device, a pipe or a socket stands where the program should.", "put an executable file there",
     kPermissionDenied},
    {"program-not-executable", ErrorKind::invalid_entrypoint, "not executable (no x in its mode)",
     "The program has no execute permission.", "chmod +x {$path}", kPermissionDenied},
    {"program-empty", ErrorKind::invalid_entrypoint, "an empty file",
     "The program has no content: a build or a copy that failed.", "build or copy it again", kFormatError},
    {"program-wrong-architecture", ErrorKind::invalid_entrypoint,
     "an {is} program, but {asked} was asked for",
     "The program is built for the other of Lambda's architectures.",
     "--arch {is}, or build it for {asked}: {how}", kFormatError},
    {"program-for-other-system", ErrorKind::invalid_entrypoint, "{what}, not a Linux program",
     "The program is built for macOS, Windows or a virtual machine.", kBuildEither, kFormatError},
    {"program-is-zip", ErrorKind::invalid_entrypoint, "{what}, not a Linux program",
     "The file is a zip under the name of a program.", "name it with the extension .zip, or unpack it",
     kFormatError},
    {"program-is-compressed", ErrorKind::invalid_entrypoint, "{what}, not a Linux program",
     "The file is compressed.", "unpack it", kFormatError},
    {"program-of-unknown-format", ErrorKind::invalid_entrypoint,
     "neither an ELF program nor a script with a #! line", "The kernel knows no way to execute the file.",
     kBuildEither, kFormatError},
    {"program-is-object", ErrorKind::invalid_entrypoint, "an object file or a core dump, not a program",
     "The file was compiled and not linked.", "link it", kFormatError},
    {"program-is-library", ErrorKind::invalid_entrypoint, "a shared library ({name}), not a program",
     "The file is a library without a place to begin.", "build a program", kFormatError},
    {"script-without-interpreter-line", ErrorKind::invalid_entrypoint,
     "text without a #! line, which the kernel cannot execute",
     "A script begins with #! and its interpreter; shells run one without it, Lambda does not.",
     "name the interpreter in the first line: #!/bin/sh", kFormatError},
    {"script-byte-order-mark", ErrorKind::invalid_entrypoint, "{what}, not a Linux program",
     "An editor put a UTF-8 byte order mark in front of the script.",
     "save it without the mark: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE", kFormatError},
    {"script-in-utf16", ErrorKind::invalid_entrypoint, "{what}, not a Linux program",
     "An editor (or PowerShell's >) saved the script as UTF-16.", "save it as UTF-8", kFormatError},
    {"script-not-one", ErrorKind::invalid_entrypoint, "does not begin with #!", "The file is no script.",
     "make the first line #!/bin/sh", kFormatError},
    {"script-line-too-long", ErrorKind::invalid_entrypoint,
     "its #! line is longer than the 256 bytes the kernel reads", "The interpreter's path is too long.",
     "use a shorter path, or /usr/bin/env NAME", kFormatError},
    {"script-names-no-interpreter", ErrorKind::invalid_entrypoint, "its #! line names no interpreter",
     "The first line is #! alone.", "make the first line #!/bin/sh", kFormatError},
    {"script-windows-line-ending", ErrorKind::invalid_entrypoint,
     "its #! line ends in CR LF (a Windows line ending), so the kernel looks for an interpreter whose name "
     "ends in a "
     "carriage return",
     "An editor or Git on Windows changed the line endings.",
     "dos2unix {$path}   (or: sed -i 's/\\r$//' {$path})", kNotFound},
    {"elf-damaged", ErrorKind::bad_input, "the ELF file is cut short or damaged ({part})",
     "A build or a copy of the program that did not end.", "build or copy it again", kFormatError},
    {"elf-not-one", ErrorKind::bad_input, "not an ELF file", "The file is no compiled Linux program.",
     "give a compiled program", kFormatError},
    {"elf-big-endian", ErrorKind::bad_input, "a big-endian program; Lambda's architectures are little-endian",
     "The program is built for a machine that Lambda has not.",
     "build it for linux/arm64 (aarch64) or linux/amd64", kFormatError},
    {"elf-32-bit", ErrorKind::bad_input, "a 32-bit program ({machine}); Lambda runs 64-bit programs only",
     "The program is built for a machine that Lambda has not.", kBuildElf, kFormatError},
    {"elf-wrong-machine", ErrorKind::bad_input, "a program for {machine}; Lambda has x86_64 and arm64",
     "The program is built for a machine that Lambda has not.", kBuildElf, kFormatError},

    // What a dynamic program needs.
    {"library-missing", ErrorKind::host_lacks,
     "{program}: a dynamically linked {arch} program, but the library {library}, needed by {owner}, is not "
     "there{wrong}",
     "The libraries of the function's architecture come from a root (--sysroot) or the distribution's cross "
     "packages, "
     "and this one is in neither.",
     "link it statically (CGO_ENABLED=0 for Go, -static for C and C++, a musl target for Rust), name a root "
     "that has "
     "it with --sysroot DIR, or apt install {package}"},
    {"program-interpreter-missing", ErrorKind::host_lacks,
     "{program}: a dynamically linked {arch} program, but its program interpreter {interpreter} {reason}",
     "The loader (ld.so) of the function's architecture is not on this machine.",
     "link it statically (CGO_ENABLED=0 for Go, -static for C and C++, a musl target for Rust), name a root "
     "that has "
     "it with --sysroot DIR, or apt install {package}"},
    {"glibc-too-old", ErrorKind::host_lacks,
     "{program}: {owner} needs glibc {needed}, but the {arch} libraries here are of glibc {here}",
     "The program was built on a newer distribution than the libraries it would run with.",
     "link it statically (CGO_ENABLED=0 for Go, -static for C and C++, a musl target for Rust), build it on "
     "a "
     "distribution with glibc {here} or older, or name a newer root with --sysroot DIR"},

    // QEMU.
    {"qemu-missing", ErrorKind::host_lacks,
     "no QEMU for {arch} programs on this machine: neither {name}-static nor {name} is in PATH",
     "A function of another architecture than the machine's needs QEMU's user-mode emulator.", kInstallQemu},
    {"qemu-unusable", ErrorKind::bad_usage, "--qemu: {reason}",
     "The program named is not a QEMU that lemu can use.",
     "name a {name} or {name}-static, or leave --qemu out"},
    {"qemu-not-found", ErrorKind::bad_input, "{path}: {os_error}",
     "There is no program to execute at this path.", "check the path"},
    {"qemu-for-other-host", ErrorKind::bad_input,
     "{path}: a program for {arch}, while this machine is {host}",
     "QEMU itself must be a program of this machine.", "install your own architecture's package of QEMU"},
    {"qemu-other-program", ErrorKind::bad_input,
     "{path}: not QEMU's user-mode emulator for {arch} (--version says {said})",
     "The program is another one, a system emulator, or the emulator of another architecture.",
     "install qemu-user-static"},
    {"qemu-without-libraries", ErrorKind::host_lacks, "{path}: its shared libraries cannot be found",
     "This QEMU is linked dynamically, and a library that it needs is not installed.", kInstallQemu},
    {"program-not-run", ErrorKind::internal, "cannot run {program}: {os_error}",
     "lemu asks QEMU for its version, and could not start it.", "run it yourself: {$program} --version"},
    {"program-did-not-end", ErrorKind::host_lacks, "{program} was still running after two seconds",
     "lemu asks QEMU for its version, and had no answer in time.", "run it yourself: {$program} --version"},
    {"trial-without-qemu", ErrorKind::host_lacks, "there is no QEMU for {arch}",
     "lemu doctor tries a program of each architecture, and needs QEMU for the other one.", kInstallQemu},

    // The launch that was asked for.
    {"launch-native-impossible", ErrorKind::host_lacks,
     "--launch native: the function is for {arch} and this host is {host}",
     "A native launch was asked for, and the function is for another architecture.",
     "leave --launch out, or run on a host of that architecture"},
    {"launch-emulation-needless", ErrorKind::host_lacks,
     "--launch asks for emulation, but this host runs {arch} functions without it",
     "A launch under QEMU was asked for, and the function is native here.", "leave --launch out"},
    {"launch-without-host-binfmt", ErrorKind::host_lacks,
     "--launch host-binfmt: this host has no binfmt_misc registration for {arch} that works inside a sandbox "
     "(flag F)",
     "Nobody registered QEMU with this machine's kernel, or without the flag that makes it work in other "
     "roots.",
     "leave --launch out: lemu needs no registration on the host"},
    {"launch-binfmt-needs-sandbox", ErrorKind::host_lacks,
     "--launch binfmt needs the sandbox's own user namespace",
     "A private binfmt_misc lives in the sandbox, which was turned off.",
     "leave --sandbox off out, or use --launch direct"},
    {"binfmt-interpreter-name", ErrorKind::bad_input,
     "binfmt_misc cannot register the interpreter path \"{name}\"",
     "The path is too long for the kernel's registration, or has a colon in it.",
     "use a path of at most 127 bytes without a colon"},
    {"binfmt-not-listed", ErrorKind::internal, "cannot read {folder}: {os_error}",
     "The kernel's list of registrations could not be read.", kNoRemedy},
    {"binfmt-registration-unreadable", ErrorKind::internal, "binfmt_misc registration {name}: {reason}",
     "The kernel describes a registration in a way that lemu does not know.", kNoRemedy},

    // Measuring memory: the invocation goes on, its figure is left out.
    {"no-freezer", ErrorKind::host_lacks, "no control group to freeze a function in: {reason}",
     "lemu serve --freeze has the kernel freeze a function's processes between invocations where it may make "
     "a "
     "cgroup of version 2. Elsewhere they are stopped by a signal.",
     "run lemu in a delegated cgroup: systemd-run --user --scope -p Delegate=yes lemu serve …"},
    {"memory-not-measured", ErrorKind::host_lacks, "the function's memory was not measured: {reason}",
     "The kernel did not tell what the function's processes use, most often as they had ended.",
     "allow lemu to read its own children's /proc files, where a container hides them"},

    {"trial-not-prepared", ErrorKind::internal, "cannot prepare the trial program at {path}: {os_error}",
     "lemu doctor could not write into its own folder.", "set TMPDIR to a folder that can be written"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace lemu::qemu
