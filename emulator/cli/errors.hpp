// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator::cli {

inline constexpr std::string_view kOptionsExample = "the command's --help shows what the option takes";

inline constexpr std::string_view kNamePlace =
    "name a file in a folder that you may write, and that is yours or root's";

inline constexpr ErrorRow kErrors[] = {

    // Commands and words.
    {"command-unknown", ErrorKind::bad_usage, "unknown command '{word}'{suggestion}",
     "The first word after lemu is none of its commands.", "'lemu --help' lists the commands"},
    {"command-is-a-file", ErrorKind::bad_usage, "'{word}' is no command of lemu",
     "A function was named where a command belongs.", "to run it: lemu invoke {$word}"},
    {"argument-unexpected", ErrorKind::bad_usage, "unexpected argument '{word}'",
     "The command takes no such word.", "usage: {usage}"},
    {"argument-after-event", ErrorKind::bad_usage,
     "unexpected argument '{word}': TARGET is '{target}', EVENT is '{event}'",
     "lemu invoke takes two words: the shell may have split one that belongs in quotes.", "usage: {usage}"},
    {"target-missing", ErrorKind::bad_usage,
     "no TARGET given: a bootstrap, a folder that holds one, or a .zip", "The command needs a function.",
     "usage: {usage}"},
    {"event-word-empty", ErrorKind::bad_usage, "EVENT is an empty word",
     "A variable of the shell that was empty, most often.", "leave it out to send {}"},
    {"event-twice", ErrorKind::bad_usage, "EVENT '{event}' and --data are both given",
     "A function is invoked with one event.", "give one event"},
    {"report-file-without-json", ErrorKind::bad_usage, "--report-file is for the JSON report",
     "The text report goes to stderr, as Lambda's goes to its log.", "add --report json"},
    {"report-file-not-opened", ErrorKind::bad_input, "--report-file: {reason}",
     "The report's file cannot be made or written, or other users could change it.", kNamePlace},
    {"report-not-written", ErrorKind::internal, "writing {path}: {os_error}",
     "The report's file was open, and writing to it failed: its disk is full, most often.",
     "make room, or name another file with --report-file"},
    {"response-not-written", ErrorKind::internal, "writing to stdout: {os_error}",
     "Whoever reads lemu's output closed it, or it goes to a full disk.",
     "read all of it, or write it to another disk"},

    // Options. Of a value: "--OPTION: " stands in front, and the option's own example is the remedy.
    {"option-unknown", ErrorKind::bad_usage, "unknown option '{option}'{suggestion}",
     "The command has no such option.", "'lemu {command} --help' lists the options"},
    {"option-ambiguous", ErrorKind::bad_usage, "ambiguous option '{option}': it could be {candidates}",
     "Options are written out.", "'lemu {command} --help' lists the options"},
    {"option-before-command", ErrorKind::bad_usage, "unknown option '{option}'{suggestion}",
     "An option stands where the command belongs.",
     "options stand behind the command: lemu invoke {option} ..."},
    {"option-needs-value", ErrorKind::bad_usage, "option '{option}' needs a value",
     "The option is the last word, or another option follows it.", "for example {example}"},
    {"option-takes-no-value", ErrorKind::bad_usage, "option '{option}' takes no value",
     "The option is a switch: given or not.", "'lemu {command} --help' lists the options"},
    {"options-not-parsed", ErrorKind::bad_usage, "{reason}", "lemu cannot read the command line.",
     "'lemu {command} --help' lists the options"},
    {"options-contradict", ErrorKind::bad_usage, "--verbose and --quiet contradict each other",
     "One asks for more, the other for less.", "give one of them"},
    {"value-empty", ErrorKind::bad_usage, "the value is empty",
     "A variable of the shell that was empty, most often.", kOptionsExample},
    {"value-path-empty", ErrorKind::bad_usage, "the path is empty",
     "A variable of the shell that was empty, most often.", kOptionsExample},
    {"value-not-milliseconds", ErrorKind::bad_usage, "'{value}' is not a whole number of milliseconds",
     "lemu counts timeouts in milliseconds.", kOptionsExample},
    {"value-no-time", ErrorKind::bad_usage, "'{value}' is too short: lemu would wait less than a millisecond",
     "The option is how long lemu waits for something, at least a millisecond.", kOptionsExample},
    {"value-not-megabytes", ErrorKind::bad_usage,
     "'{value}' is not a whole number of MB, which Lambda counts memory in", "Lambda's own unit.",
     kOptionsExample},
    {"value-not-in-range", ErrorKind::bad_usage, "'{value}' is not a whole number from {least} to {most}",
     "The option counts something.", kOptionsExample},
    {"value-not-a-factor", ErrorKind::bad_usage, "'{value}' is not a number above 0 and up to {most}",
     "The option multiplies something.", kOptionsExample},
    {"value-not-a-choice", ErrorKind::bad_usage, "'{value}' is none of {words}{suggestion}",
     "The option takes one of a few words.", kOptionsExample},

    // Serving functions.
    {"function-missing", ErrorKind::bad_usage, "no function to serve",
     "lemu serve was given neither --function nor --config with one.",
     "--function hello=./bootstrap, as often as there are functions"},
    {"function-twice", ErrorKind::bad_usage, "two functions are called '{name}'",
     "A function is found by its name.", "give one of them another name"},
    {"reserved-too-much", ErrorKind::bad_usage,
     "function {name}: its reserved concurrency decreases account's UnreservedConcurrentExecution below its "
     "minimum value of [{least}]: {reserved} of {limit} are reserved",
     "Lambda keeps a part of the account's concurrency for functions that reserve none.",
     "give functions less concurrency, or let some reserve none"},
    {"function-not-assigned", ErrorKind::bad_usage, "'{piece}' is not written NAME=PATH",
     "A function is one word: its name and path, then its settings, with commas between.",
     "--function hello=./bootstrap,arch=arm64,timeout=10,env.STAGE=test"},
    {"function-without-target", ErrorKind::bad_usage, "'{text}' names no bootstrap, folder or .zip",
     "The path behind the name is empty.", "--function hello=./bootstrap"},
    {"config-not-readable", ErrorKind::bad_input, "--config: {reason}",
     "The file is missing, not yours to read, or larger than 1 MB.", "name a file of YAML"},
    {"config-malformed", ErrorKind::bad_input, "line {line}, column {column}: {what}",
     "The file is no YAML, or not of the form that lemu reads: options as keys, and functions by name.",
     "see the README for an example"},
    {"switch-unclear", ErrorKind::bad_usage, "'{value}' is neither true nor false",
     "The option takes no value on the command line; in a file, and for one function, it is true or false.",
     "write true"},
    {"serve-argument", ErrorKind::bad_usage, "unexpected argument '{word}'",
     "lemu serve takes its functions by option.", "write --function NAME={$word}"},
    {"value-not-a-port", ErrorKind::bad_usage, "'{value}' is not a port: 0 to 65535",
     "A TCP port is such a number.", kOptionsExample},
    {"value-more-than-a-host-name", ErrorKind::bad_usage,
     "'{value}' is not a host name: give '{name}' alone, without scheme and port",
     "The name is compared with a request's Host field, less the port there.", kOptionsExample},
    {"value-not-a-host-name", ErrorKind::bad_usage, "'{value}' is not a host name",
     "It is compared with what stands in a request's Host field before the port.",
     "give the name alone, without scheme and port, for example lambda.test"},
    {"port-file-not-written", ErrorKind::bad_input, "--port-file: {reason}",
     "The file cannot be made or written, or other users could change it.", kNamePlace},

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
    {"endpoint-no-answer", ErrorKind::bad_input, "{url} ended its answer before it was complete",
     "What answers there is no lemu serve.", "name the address of a lemu serve with --endpoint"},
    {"endpoint-failed", ErrorKind::host_lacks, "{url} could not do it: {reason}",
     "The daemon cannot run the function, or not now: its own words say why.",
     "see `lemu ps`, and what lemu serve says on its stderr"},
    {"option-of-the-daemon", ErrorKind::bad_usage,
     "it says how a function is run, and with --endpoint the daemon decides that",
     "A running lemu serve runs the function as it was told when it started.",
     "give it to lemu serve, or leave --endpoint out"},
    {"endpoint-refused", ErrorKind::bad_input, "{url} refused it: {reason}",
     "The daemon answered with an error; its own words say which.",
     "see `lemu ps` for the functions it serves, `lemu async ls` for events"},

    // Standing in for aws-lambda-rie.
    {"value-not-an-address", ErrorKind::bad_usage, "'{value}' is not an address to listen on",
     "An address is a numeric one or localhost, a colon and a port; IPv6 stands in brackets: [::1]:8080.",
     kOptionsExample},
    {"rie-timeout", ErrorKind::bad_usage,
     "AWS_LAMBDA_FUNCTION_TIMEOUT is '{value}', which is not a whole number of seconds",
     "aws-lambda-rie counts the timeout in whole seconds, from 1.", "AWS_LAMBDA_FUNCTION_TIMEOUT=300"},

    // lemu itself.
    {"descriptors-too-few", ErrorKind::host_lacks,
     "this process may open {limit} files at once, and lemu needs {needed}",
     "The limit on open files (RLIMIT_NOFILE) is far below the usual 1024.",
     "raise the limit: ulimit -n 1024"},
    {"descriptors-not-raised", ErrorKind::host_lacks, "cannot raise the limit on open files: {os_error}",
     "The limit on open files (RLIMIT_NOFILE) is far below the usual 1024, and a container forbids to raise "
     "it.",
     "raise the limit: ulimit -n 1024"},
    {"unforeseen", ErrorKind::internal, "{what}",
     "The kernel refused something that it should not, often for a limit on open files or memory; or lemu "
     "has a "
     "bug.",
     "look at `ulimit -n` and the free memory; else report it as a bug"},
    {"lemu-not-found", ErrorKind::internal, "cannot tell where lemu is installed: {os_error}",
     "/proc is not mounted, or hidden from lemu.", "mount -t proc proc /proc"},
    {"helper-missing", ErrorKind::internal, "the helper {helper} is missing",
     "bin/lemu was copied without the programs that belong to it.",
     "install lemu whole: bin/lemu needs the libexec/lemu beside it"},
    {"proc-missing", ErrorKind::host_lacks, "there is no /proc here, which lemu cannot do without",
     "The container or chroot has no /proc.", "mount -t proc proc /proc"},
};

template <Slug slug, class... Values>
[[nodiscard]] tl::unexpected<Error> fail(const Values&... values) {
  return ErrorsOf<kErrors>::fail<slug>(values...);
}
template <Slug slug, class... Values>
[[nodiscard]] tl::unexpected<Error> fail_errno(int code, const Values&... values) {
  return ErrorsOf<kErrors>::fail_errno<slug>(code, values...);
}

}  // namespace lemu::emulator::cli
