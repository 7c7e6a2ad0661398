// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator::cli {
namespace cli_room {

inline constexpr std::string_view kOptionsExample = "the command's --help shows what the option takes";
inline constexpr std::string_view kNamePlace =
    "name a file in a folder that you may write, and that is yours or root's";

inline constexpr ErrorRow kErrors[] = {
    // Commands and words.
    {"command-unknown", ErrorKind::bad_usage, "unknown command '{word}'{suggestion}",
     "The first word after lemu is none of its commands.", "'lemu --help' lists the commands"},
    {"command-is-a-file", ErrorKind::bad_usage, "'{word}' is no command of lemu",
     "A function was named where a command belongs.", "to run it: lemu invoke {$word}"},
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
    {"option-before-command", ErrorKind::bad_usage, "unknown option '{option}'{suggestion}",
     "An option stands where the command belongs.",
     "options stand behind the command: lemu invoke {option} ..."},
    {"options-contradict", ErrorKind::bad_usage, "--verbose and --quiet contradict each other",
     "One asks for more, the other for less.", "give one of them"},
    {"value-path-empty", ErrorKind::bad_usage, "the path is empty",
     "A variable of the shell that was empty, most often.", kOptionsExample},

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
    {"serve-argument", ErrorKind::bad_usage, "unexpected argument '{word}'",
     "lemu serve takes its functions by option.", "write --function NAME={$word}"},
    {"value-not-a-port", ErrorKind::bad_usage, "'{value}' is not a port: 0 to 65535",
     "A TCP port is such a number.", kOptionsExample},
    {"port-file-not-written", ErrorKind::bad_input, "--port-file: {reason}",
     "The file cannot be made or written, or other users could change it.", kNamePlace},
    {"endpoint-no-answer", ErrorKind::bad_input, "{url} ended its answer before it was complete",
     "What answers there is no lemu serve.", "name the address of a lemu serve with --endpoint"},
    {"option-of-the-daemon", ErrorKind::bad_usage,
     "it says how a function is run, and with --endpoint the daemon decides that",
     "A running lemu serve runs the function as it was told when it started.",
     "give it to lemu serve, or leave --endpoint out"},

    // Standing in for aws-lambda-rie.
    {"value-not-an-address", ErrorKind::bad_usage, "'{value}' is not an address to listen on",
     "An address is a numeric one or localhost, a colon and a port; IPv6 stands in brackets: [::1]:8080.",
     kOptionsExample},
    {"unforeseen", ErrorKind::internal, "{what}",
     "The kernel refused something that it should not, often for a limit on open files or memory; or lemu "
     "has a "
     "bug.",
     "look at `ulimit -n` and the free memory; else report it as a bug"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace cli_room
using namespace cli_room;

}  // namespace lemu::emulator::cli
