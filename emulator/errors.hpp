// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {

inline constexpr std::string_view kBringInterpreter =
    "put an {arch} interpreter in the package (a static busybox as #!/var/task/busybox sh), or give a root "
    "that has "
    "it with --sysroot DIR";

inline constexpr ErrorRow kErrors[] = {

    // How the function is configured.
    {"function-name-empty", ErrorKind::bad_usage, "the function name is empty", "--name was given nothing.",
     "--name my-function"},
    {"function-name-too-long", ErrorKind::bad_usage,
     "function name '{name}' has {size} characters; Lambda takes up to {most}",
     "The name, or the file's name that stands in for it, is too long.",
     "choose a shorter one (lemu invoke: --name)"},
    {"function-name-characters", ErrorKind::bad_usage,
     "function name '{name}' holds a character that Lambda refuses: a name is made of letters, digits, '-' "
     "and '_'",
     "Lambda's own rule for names.", "for example {legal} (lemu invoke: --name {legal})"},
    {"handler-malformed", ErrorKind::bad_usage,
     "handler '{handler}' is empty or holds a space, which Lambda refuses", "Lambda's own rule for handlers.",
     "--handler {default}"},
    {"handler-too-long", ErrorKind::bad_usage, "the handler has {size} characters; Lambda takes up to {most}",
     "Lambda's own limit.", "choose a shorter one with --handler"},
    {"memory-out-of-range", ErrorKind::bad_usage,
     "a memory size of {size} MB is outside what Lambda offers: 128 to 10240 MB", "Lambda's own limits.",
     "--memory {nearest}"},
    {"tmp-out-of-range", ErrorKind::bad_usage,
     "a /tmp of {size} MB is outside what Lambda offers: 512 to 10240 MB",
     "Lambda's own limits on ephemeral storage.", "choose a size from 512MB to 10240MB"},
    {"timeout-zero", ErrorKind::bad_usage, "the timeout must be longer than nothing",
     "--timeout was given zero.", "--timeout 3"},
    {"timeout-too-long", ErrorKind::bad_usage, "a timeout of {seconds} s is longer than Lambda's 900 s",
     "Lambda's own limit.", "--timeout 900; --timeout-scale gives an emulated function more time"},
    {"region-malformed", ErrorKind::bad_usage, "'{region}' (from {source}) is not the name of an AWS region",
     "The region goes into the function's ARN, and this one could not be one.", "--region us-east-1"},
    {"account-malformed", ErrorKind::bad_usage, "account id '{id}' is not a number of 12 digits",
     "The account goes into the function's ARN.", "use 12 digits, for example 123456789012"},

    // Its environment variables.
    {"env-file-not-read", ErrorKind::bad_input, "--env-file: {reason}",
     "The file is missing, not yours to read, or far too large.", "check the path"},
    {"env-file-value-without-name", ErrorKind::bad_input, "{place}: a value without a name",
     "A line of the file begins with '='.", "write NAME=value"},
    {"env-file-name-with-blank", ErrorKind::bad_input, "{place}: the name '{name}' holds a blank",
     "A line of the file is no assignment, or holds two.", "write NAME=value, one variable a line"},
    {"env-file-quote-open", ErrorKind::bad_input, "{place}: the quote {quote} is not closed on its line",
     "A value begins with a quote and does not end with it.",
     "close it; a line break inside a value is written \\n in double quotes"},
    {"env-file-text-after-quote", ErrorKind::bad_input, "{place}: text after the closing quote",
     "Only a comment may stand behind a quoted value.", "put the whole value into the quotes"},
    {"env-file-backslash", ErrorKind::bad_input,
     "{place}: a backslash in double quotes that starts none of \\n \\r \\t \\\" \\\\ \\$",
     "Double quotes give the backslash a meaning.", "write \\\\ for a backslash, or use single quotes"},
    {"env-file-nul", ErrorKind::bad_input, "{place}: a NUL byte, which no environment variable can hold",
     "The file is a binary one, or text in UTF-16.", "give a text file in UTF-8"},
    {"env-without-name", ErrorKind::bad_usage, "{text} has no name before its '='",
     "--env takes NAME=VALUE, or a NAME alone.", "--env NAME=VALUE"},
    {"variable-reserved", ErrorKind::bad_usage,
     "{origin}: {name} is reserved by Lambda, which refuses a function that sets it",
     "One of Lambda's reserved environment variables is among the function's own.", "{instead}"},
    {"variable-name-malformed", ErrorKind::bad_usage,
     "{origin}: Lambda refuses the variable name '{name}': names must match [a-zA-Z]([a-zA-Z0-9_])+",
     "Lambda's own rule for names of variables.",
     "start it with a letter; then come one or more letters, digits or '_'"},
    {"variables-too-large", ErrorKind::bad_usage,
     "Lambda was unable to configure your environment variables because the environment variables you have "
     "provided "
     "exceeded the 4KB limit. String measured: {measured}",
     "Lambda's own limit and words: all names and values together, as one JSON object.",
     "these are {size} bytes of {limit}; put large values into the package or a parameter store"},

    // Its credentials.
    {"credentials-not-in-environment", ErrorKind::bad_usage,
     "--aws-credentials env: {variable} is not set in your environment",
     "The function was to have the credentials of your shell, which has none.",
     "export it, or use --aws-credentials profile or none"},
    {"credentials-without-home", ErrorKind::bad_usage,
     "--aws-credentials profile: HOME is not set, so ~/.aws/credentials has no place",
     "The shared credentials file is looked for in the home folder.", "set AWS_SHARED_CREDENTIALS_FILE"},
    {"credentials-file-not-read", ErrorKind::bad_usage, "--aws-credentials profile: {reason}",
     "The shared credentials file is missing or not yours to read.",
     "'aws configure' makes the file; AWS_SHARED_CREDENTIALS_FILE names another one"},
    {"credentials-no-profile", ErrorKind::bad_usage,
     "--aws-credentials profile: {path} has no profile {profile}",
     "The shared credentials file has other profiles.", "AWS_PROFILE chooses another profile"},
    {"credentials-from-elsewhere", ErrorKind::bad_usage,
     "--aws-credentials profile: {path}: profile {profile} gets its keys from a role, SSO or a program, "
     "which lemu "
     "does not run",
     "The profile holds no keys, but says how to get them.",
     "eval \"$(aws configure export-credentials --format env)\" and use --aws-credentials env"},
    {"credentials-incomplete", ErrorKind::bad_usage,
     "--aws-credentials profile: {path}: profile {profile} has no {key}",
     "The profile lacks one of its two keys.", "add it, or choose another profile with AWS_PROFILE"},

    // The event.
    {"event-not-opened", ErrorKind::bad_input, "the event: {reason}",
     "EVENT is missing or not yours to read.",
     "EVENT is a file, or '-' for standard input; --data gives the JSON itself"},
    {"event-not-readable", ErrorKind::bad_input, "the event: {reason}", "EVENT is not yours to read.",
     "make it readable: chmod +r {path}"},
    {"event-is-folder", ErrorKind::bad_input, "the event {name}: {reason}",
     "EVENT is a folder: perhaps TARGET and EVENT are the wrong way round.",
     "name a JSON file: lemu invoke TARGET EVENT, in this order"},
    {"event-not-read", ErrorKind::bad_input, "the event {name}: {reason}",
     "Reading EVENT failed: its disk or network file system has trouble, or standard input is closed.",
     "copy it to a local disk, or give the JSON itself with --data"},
    {"event-too-large", ErrorKind::bad_input,
     "{name} is larger than the {most} bytes that Lambda takes as an event", "Lambda's own limit: 6 MB.",
     "store the data elsewhere and send its address"},
    {"event-empty", ErrorKind::bad_input, "{name} is empty, which is no JSON", "Lambda takes JSON only.",
     "leave the event out to send {}"},
    {"event-byte-order-mark", ErrorKind::bad_input,
     "{name} starts with a byte order mark, which JSON does not have (RFC 8259, section 8.1)",
     "An editor saved the file as UTF-8 with a mark; most runtimes would refuse it.",
     "save it as UTF-8 without the mark: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE"},
    {"json-invalid", ErrorKind::bad_input, "{name} is not valid JSON: {place}: {reason}",
     "Lambda takes JSON only.", "Lambda takes JSON in UTF-8 only"},
    {"client-context-too-large", ErrorKind::bad_input,
     "--client-context has {size} bytes; Lambda takes {most} (3583 in base64)", "Lambda's own limit.",
     "send less, or put it into the event"},
    {"client-context-not-object", ErrorKind::bad_input, "--client-context is not a JSON object",
     "Lambda's client context has named fields.",
     R"(for example --client-context '{"custom":{"key":"value"}}')"},

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
     "The model is misspelt, or newer than the QEMU installed.", "see the list of `{qemu} -cpu help`"},
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
    {"sandbox-refused", ErrorKind::host_lacks, "the sandbox was refused at its step '{step}': {os_error}",
     "This machine or container forbids something that a sandbox is made of.",
     "run `lemu doctor` for what restricts it, or use --sandbox off"},
    {"sandbox-without-process", ErrorKind::host_lacks,
     "no process to be had at the sandbox's step '{step}': {os_error}",
     "You, or the container, run as many processes as the limit allows.",
     "end some of them, or raise the limit: ulimit -u"},
    {"qemu-broken", ErrorKind::host_lacks, "{qemu} does not run even the smallest {arch} program: {reason}",
     "The QEMU that was found is damaged, something else of its name, or cannot run on this machine.",
     "install it again, or name another one with --qemu"},
    {"helper-ended", ErrorKind::internal, "the helper {helper} ended without a word",
     "lemu-sandbox was killed, or cannot run on this machine.",
     "look for the kernel's out-of-memory killer in `dmesg`; install lemu whole"},
    {"environment-ended", ErrorKind::internal, "the execution environment ended",
     "lemu-sandbox was killed while the program ran.",
     "look for the kernel's out-of-memory killer in `dmesg`"},
    {"shell-command-not-run", ErrorKind::bad_input,
     "cannot run {program} in the function's environment: {os_error}",
     "The command of lemu shell is not among the files that the function sees.",
     "name a program that exists there, by its path inside"},

    // Answers of a daemon.
    {"event-stream-malformed", ErrorKind::bad_input, "the answer is no event stream: {what}",
     "What answers at --endpoint is no lemu serve, or something between changed its answer.",
     "name the address of a lemu serve with --endpoint"},

    {"caller-gone", ErrorKind::bad_input,
     "the caller closed its side of the connection while the invocation waited for its turn",
     "What has not begun is not begun for a caller that seems to have gone.",
     "keep the connection open until the answer"},

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

template <Slug slug, class... Values>
[[nodiscard]] tl::unexpected<Error> fail(const Values&... values) {
  return ErrorsOf<kErrors>::fail<slug>(values...);
}
template <Slug slug, class... Values>
[[nodiscard]] tl::unexpected<Error> fail_errno(int code, const Values&... values) {
  return ErrorsOf<kErrors>::fail_errno<slug>(code, values...);
}

}  // namespace lemu::emulator
