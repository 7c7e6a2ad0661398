// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator::cli {
namespace parser_room {

inline constexpr std::string_view kOptionsExample = "the command's --help shows what the option takes";

inline constexpr ErrorRow kErrors[] = {
    {"argument-unexpected", ErrorKind::bad_usage, "unexpected argument '{word}'",
     "The command takes no such word.", "usage: {usage}"},

    // Options. Of a value: "--OPTION: " stands in front, and the option's own example is the remedy.
    {"option-unknown", ErrorKind::bad_usage, "unknown option '{option}'{suggestion}",
     "The command has no such option.", "'lemu {command} --help' lists the options"},
    {"option-ambiguous", ErrorKind::bad_usage, "ambiguous option '{option}': it could be {candidates}",
     "Options are written out.", "'lemu {command} --help' lists the options"},
    {"option-needs-value", ErrorKind::bad_usage, "option '{option}' needs a value",
     "The option is the last word, or another option follows it.", "for example {example}"},
    {"option-takes-no-value", ErrorKind::bad_usage, "option '{option}' takes no value",
     "The option is a switch: given or not.", "'lemu {command} --help' lists the options"},
    {"options-not-parsed", ErrorKind::bad_usage, "{reason}", "lemu cannot read the command line.",
     "'lemu {command} --help' lists the options"},
    {"value-empty", ErrorKind::bad_usage, "the value is empty",
     "A variable of the shell that was empty, most often.", kOptionsExample},
    {"value-not-milliseconds", ErrorKind::bad_usage, "'{value}' is not a whole number of milliseconds",
     "lemu counts timeouts in milliseconds.", kOptionsExample},
    {"value-no-time", ErrorKind::bad_usage, "'{value}' is too short: lemu would wait less than a millisecond",
     "The option is how long lemu waits for something, at least a millisecond.", kOptionsExample},
    {"value-not-megabytes", ErrorKind::bad_usage,
     "'{value}' is not a whole number of MB, which Lambda counts in", "Lambda's own unit.", kOptionsExample},
    {"value-not-in-range", ErrorKind::bad_usage, "'{value}' is not a whole number from {least} to {most}",
     "The option counts something.", kOptionsExample},
    {"value-not-a-factor", ErrorKind::bad_usage, "'{value}' is not a number above 0 and up to {most}",
     "The option multiplies something.", kOptionsExample},
    {"value-not-a-choice", ErrorKind::bad_usage, "'{value}' is none of {words}{suggestion}",
     "The option takes one of a few words.", kOptionsExample},
    {"switch-unclear", ErrorKind::bad_usage, "'{value}' is neither true nor false",
     "The option takes no value on the command line; in a file, and for one function, it is true or false.",
     "write true"},
    {"value-more-than-a-host-name", ErrorKind::bad_usage,
     "'{value}' is not a host name: give '{name}' alone, without scheme and port",
     "The name is compared with a request's Host field, less the port there.", kOptionsExample},
    {"value-not-a-host-name", ErrorKind::bad_usage, "'{value}' is not a host name",
     "It is compared with what stands in a request's Host field before the port.",
     "give the name alone, without scheme and port, for example lambda.test"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace parser_room
using namespace parser_room;

}  // namespace lemu::emulator::cli
