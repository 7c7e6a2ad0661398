// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::images {

/// What Lambda says after "Error: ", as seen from the service (the order of the folders is that of its text).
inline constexpr std::string_view kNoBootstrap =
    "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
inline constexpr std::string_view kBootstrapDenied = "fork/exec /var/task/bootstrap: permission denied";

inline constexpr std::string_view kPutItThere =
    "put the file itself there, or link to it with a relative path inside the package";
inline constexpr std::string_view kMakeItAgain = "make it again, or download it again if it was cut short";

inline constexpr ErrorRow kErrors[] = {

    // Finding the bootstrap.
    {"bootstrap-missing", ErrorKind::invalid_entrypoint, "{package} has no bootstrap at its top",
     "The package holds no file named bootstrap, and none that looks meant to be it.",
     "put an executable file named bootstrap at its top; lemu does not bring the managed runtimes (Python, "
     "Node.js, "
     "…)",
     kNoBootstrap},
    {"bootstrap-missing-empty", ErrorKind::invalid_entrypoint, "{package} has no bootstrap: it is empty",
     "The package holds nothing at all.", "put an executable file named bootstrap at its top", kNoBootstrap},
    {"bootstrap-wrong-name", ErrorKind::invalid_entrypoint,
     "{package} has no bootstrap: found {found}, but Lambda runs a file named bootstrap",
     "The program in the folder has another name.", "rename it: mv {$folder}/{$name} {$folder}/bootstrap",
     kNoBootstrap},
    {"bootstrap-wrong-name-in-zip", ErrorKind::invalid_entrypoint,
     "{package} has no bootstrap: found {found}, but Lambda runs a file named bootstrap",
     "The program in the zip has another name.",
     "rename it: mv {$name} bootstrap, then zip it again: zip -r function.zip .", kNoBootstrap},
    {"bootstrap-wrong-folder", ErrorKind::invalid_entrypoint,
     "{package} has no bootstrap: found {found}, but Lambda looks only at the top",
     "The bootstrap lies in a folder inside the folder that was given.",
     "give {$given}/{$inner} instead; for Lambda zip the content of the folder, not the folder: cd {$inner} "
     "&& "
     "zip -r "
     "{up}function.zip .",
     kNoBootstrap},
    {"bootstrap-wrong-folder-in-zip", ErrorKind::invalid_entrypoint,
     "{package} has no bootstrap: found {found}, but Lambda looks only at the top",
     "The zip was made of a folder, so the bootstrap lies in that folder and not at the top.",
     "zip the content of the folder, not the folder: cd {$inner} && zip -r {up}function.zip .", kNoBootstrap},
    {"bootstrap-is-folder", ErrorKind::invalid_entrypoint, "bootstrap in {package} is a folder, not a file",
     "The name bootstrap is taken by a folder.",
     "Lambda runs an executable file named bootstrap: rename the folder, and put the file there",
     kNoBootstrap},
    {"bootstrap-not-regular", ErrorKind::invalid_entrypoint, "bootstrap in {package} is not a regular file",
     "The name bootstrap is taken by a device, a pipe or a socket.",
     "Lambda runs an executable file named bootstrap: put one there", kNoBootstrap},
    {"bootstrap-broken-link", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is a link to {target}, which does not exist",
     "The link's target is not in the package.", kPutItThere, kNoBootstrap},
    {"bootstrap-link-leads-out", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is a link to {target}, which leads out of it, and Lambda has only what is in it",
     "The link works on this machine and would not on Lambda.", kPutItThere, kNoBootstrap},
    {"bootstrap-link-to-empty", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is a link to {target}, and {folder} is empty when a function starts",
     "lemu has no layers to put in /opt, and each environment has a /tmp of its own.", kPutItThere,
     kNoBootstrap},
    {"bootstrap-link-not-followed", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is a link to {target}, which cannot be followed: {os_error}",
     "The link leads in a circle, or through a folder that may not be entered.", kPutItThere, kNoBootstrap},
    {"bootstrap-not-executable", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is not executable (mode {mode})",
     "The file in the folder has no execute permission.", "chmod +x {$given}/bootstrap", kBootstrapDenied},
    {"bootstrap-not-executable-in-zip", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is not executable (mode {mode})",
     "The zip says that the file is not to be executed.",
     "chmod +x bootstrap, then zip it again: zip -r function.zip .", kBootstrapDenied},
    {"zip-without-permissions", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is not executable (mode {mode}): the zip carries no Unix permissions, as those "
     "made on "
     "Windows do not",
     "The zip was made by a tool that does not store Unix permissions.",
     "zip on Linux, macOS or WSL after chmod +x bootstrap; for Go on Windows use build-lambda-zip",
     kBootstrapDenied},
    {"file-not-executable", ErrorKind::invalid_entrypoint, "{quoted} is not executable",
     "The file that was given as the bootstrap has no execute permission.", "chmod +x {$given}",
     kBootstrapDenied},

    {"bootstrap-not-executable-for-all", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is not executable for all (mode {mode}), and Lambda runs it as another user "
     "than its owner",
     "The file's mode lets you run it, but not the user that functions run as: a umask such as 077 makes "
     "such files.",
     "chmod 755 {$given}/bootstrap", kBootstrapDenied},
    {"bootstrap-not-executable-for-all-in-zip", ErrorKind::invalid_entrypoint,
     "bootstrap in {package} is not executable for all (mode {mode}), and Lambda runs it as another user "
     "than its owner",
     "The zip stores a mode that lets the owner run the file, but not the user that functions run as.",
     "chmod 755 bootstrap, then zip it again: zip -r function.zip .", kBootstrapDenied},
    {"file-not-executable-for-all", ErrorKind::invalid_entrypoint,
     "{quoted} is not executable for all (mode {mode}), and Lambda runs it as another user than its owner",
     "The file's mode lets you run it, but not the user that functions run as: a umask such as 077 makes "
     "such files.",
     "chmod 755 {$given}", kBootstrapDenied},

    // Opening the package.
    {"package-not-opened", ErrorKind::bad_input, "cannot open {package}: {os_error}",
     "TARGET does not exist, or a folder on the way to it may not be entered.",
     "check the path: TARGET is a bootstrap, a folder that holds one, or a zip"},
    {"package-not-looked-at", ErrorKind::bad_input, "cannot look at {path}: {os_error}",
     "A file of the package went away, or a folder on the way to it may not be entered.",
     "check that it is there and that you may read it"},
    {"package-file-not-readable", ErrorKind::bad_input, "cannot read {package}: {os_error}",
     "You have no permission to read the file.", "make it readable: chmod u+r {$given}"},
    {"package-folder-not-readable", ErrorKind::bad_input, "cannot read the folder {package}: {os_error}",
     "You have no permission to read or enter the folder.", "make it readable: chmod u+rx {$given}"},
    {"package-not-read", ErrorKind::bad_input, "cannot read {package}: {os_error}",
     "Reading the file failed: its disk or network file system has trouble.", "copy it to a local disk"},
    {"package-not-a-zip", ErrorKind::bad_input, "{package} is not a zip: it is {content}",
     "The file's name ends in .zip, its content is something else.",
     "give a zip, a folder, or a bootstrap without the ending .zip"},
    {"package-of-no-kind", ErrorKind::bad_input, "{package} is neither a file nor a folder",
     "TARGET is a device, a pipe or a socket.", "give a bootstrap, a folder that holds one, or a zip"},

    {"package-holds-sockets", ErrorKind::bad_input,
     "{package} holds more than {most} sockets and named pipes",
     "Through each the function could reach a program of this machine, so lemu hides them; it hides no more "
     "than that.",
     "give a folder that holds the function alone"},

    // Reading a zip.
    {"zip-damaged", ErrorKind::bad_input, "the archive is damaged: {reason}",
     "The zip's data does not agree with its checksums or its own description.", kMakeItAgain},
    {"zip-not-whole", ErrorKind::bad_input, "{zip} is not a whole zip: {reason}",
     "The zip was cut short, or its directory of entries contradicts itself.", kMakeItAgain},
    {"zip-too-many-entries", ErrorKind::bad_input, "{zip} has {entries} entries: lemu unpacks at most {most}",
     "A package of so many files is beyond what lemu unpacks.", "leave out what the function does not need"},
    {"zip-directory-too-large", ErrorKind::bad_input,
     "{zip} has a directory of {bytes} bytes: lemu reads at most {most}",
     "The zip's list of entries is beyond what lemu reads.", "leave out what the function does not need"},
    {"zip-too-large", ErrorKind::bad_input, "Unzipped size must be smaller than {limit} bytes",
     "Lambda's limit on an unzipped package, in the words of its InvalidParameterValueException.",
     "leave out what the function does not need, or use a container image (up to 10 GB)"},
    {"zip-encrypted", ErrorKind::bad_input, "entry {name} is encrypted", "The zip was made with a password.",
     "make the zip without a password: Lambda has none to open it with"},
    {"zip-entry-twice", ErrorKind::bad_input, "entry {name} is there twice, as different types",
     "The zip holds one path as a file and as a folder or link.", "keep one of them"},
    {"zip-entry-in-conflict", ErrorKind::bad_input, "entry {name} is in the package as two different things",
     "Two entries of the zip come to one path.", "keep one of them"},
    {"zip-entry-below-file", ErrorKind::bad_input, "an entry lies below {name}, which is a {kind}",
     "The zip uses a file or a symbolic link as if it were a folder.", "keep one of them"},
    {"zip-entry-contradicted", ErrorKind::bad_input,
     "entry {name} is described differently by its own header",
     "The zip's directory and the header before the data differ: made by a faulty tool, or to deceive a "
     "scanner.",
     "make the zip again"},
    {"zip-entry-larger", ErrorKind::bad_input, "entry {name} holds more than the {bytes} bytes it declares",
     "The zip's directory and its data differ: made by a faulty tool, or to get past a limit on size.",
     "make the zip again"},
    {"zip-entry-without-name", ErrorKind::bad_input, "entry {name} has no name", "The zip is made wrongly.",
     "make the zip again"},
    {"zip-entry-zero-byte", ErrorKind::bad_input, "entry {name} has a zero byte in its name",
     "The zip is made wrongly, or to deceive.", "make the zip again"},
    {"zip-entry-backslash", ErrorKind::bad_input,
     "entry {name} has a backslash in its name: Lambda takes it as part of a file's name",
     "The zip was made on Windows by a tool that writes folders with backslashes.",
     "make the zip with a tool that separates folders by '/'"},
    {"zip-entry-absolute", ErrorKind::bad_input, "entry {name} has an absolute path",
     "The entry would be written outside the package's folder.",
     "make the zip inside the folder, with relative paths"},
    {"zip-entry-path-too-long", ErrorKind::bad_input, "entry {name} has a path too long for Linux",
     "Below /var/task the path would exceed 4096 bytes.", "use fewer or shorter folder names"},
    {"zip-entry-climbs-out", ErrorKind::bad_input, "entry {name} climbs out with '..'",
     "The entry would be written outside the package's folder.",
     "make the zip inside the folder, without '..'"},
    {"zip-entry-special", ErrorKind::bad_input, "entry {name} is {kind}",
     "The zip holds something that is neither a file, a folder nor a link.", "leave it out of the zip"},
    {"zip-link-refused", ErrorKind::bad_input,
     "entry {name} is a symbolic link to {target}, which is no path",
     "The link's target is empty, too long for Linux, or has a zero byte in it.",
     "make the link and the zip again"},

    // Unpacking it.
    {"unpack-no-room", ErrorKind::host_lacks, "cannot unpack {name}: {os_error}",
     "The folder for temporary files is full, read-only or not yours to write.",
     "choose a folder with room for the package through TMPDIR"},
    {"unpack-failed", ErrorKind::bad_input, "cannot unpack {name}: {os_error}",
     "The file system cannot hold the entry as it is: its name, for example, is too long for it.",
     "choose another file system through TMPDIR, or rename the entry"},
    {"unpack-not-empty", ErrorKind::internal, "cannot unpack into {folder}: it is not an empty folder",
     "Something else writes to lemu's own folder.", "set TMPDIR to a folder of yours"},
    {"unpack-interrupted", ErrorKind::internal, "unpacking was interrupted", "A signal ended lemu.",
     "run it again"},
    {"unpack-out-of-memory", ErrorKind::internal, "cannot read the zip: out of memory",
     "The machine has no memory left.", "end other programs, or give the container more memory"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace lemu::images
