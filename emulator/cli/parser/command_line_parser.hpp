// SPDX-License-Identifier: Apache-2.0
// CommandSpec: one command's options as a table, which both the parser and `--help` read. CLI11 takes the
// line apart; the errors and the help are ours, because they are part of what lemu promises. Single-threaded;
// owns nothing that its callbacks write to.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lemu::emulator::cli {

struct OptionSpec {
  std::string names;  ///< "-v,--verbose"
  std::string value;  ///< the placeholder of help, "SIZE"; empty for a flag
  std::string help;
  std::string example;  ///< shown when a value is wrong: "--memory 512MB"
  /// Called for each value, in the order of the line (so the last wins); for a flag, with "" each time it
  /// stands there. Its error is put behind the option's name.
  std::function<Status(const std::string&)> take;
};

struct OptionGroup {
  std::string title;
  std::vector<OptionSpec> options;
};

struct CommandSpec {
  std::string name;                 ///< "invoke"
  std::string usage;                ///< "lemu invoke [options] TARGET [EVENT]"
  std::string summary;              ///< a paragraph
  std::vector<OptionGroup> groups;  ///< without --help, which every command has
  std::string examples;             ///< lines, indented by two
};

struct ParsedLine {
  enum class Wish { run, help } wish = Wish::run;
  std::vector<std::string> words;  ///< what is no option: TARGET, EVENT, and all that follows "--"
};

/// Text that was asked for (--help), to be printed in place of running anything.
struct HelpText {
  std::string text;
};

/// Parses the arguments after the command's name and calls the table's callbacks. bad_usage for an unknown or
/// abbreviated option (naming the nearest), a missing value, a value a callback refuses; its remedy names
/// what to type. With --help on the line no callback is called and nothing is an error.
[[nodiscard]] Result<ParsedLine> parse_line(const CommandSpec& command,
                                            std::span<const std::string> arguments);

/// The error of a command that takes no such word.
[[nodiscard]] tl::unexpected<Error> unexpected_argument(const std::string& word, const std::string& usage);
/// The error of an option whose value is missing: it stands last, or before another option.
[[nodiscard]] tl::unexpected<Error> missing_value(const OptionSpec& option);

/// 80 columns; each line ends in '\n'.
[[nodiscard]] std::string render_help(const CommandSpec& command);

}  // namespace lemu::emulator::cli
