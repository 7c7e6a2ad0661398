// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/command_line.hpp"

#include <algorithm>
#include <array>

#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"
#include "emulator/cli/parser/suggest.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::string_view kVersion = "lemu " LEMU_VERSION "\n";

struct CommandRow {
  const char* name;
  const char* summary;
  Result<Command> (*parse)(std::span<const std::string> arguments);
};

template <class Options>
Result<Command> as_command(Result<std::variant<Options, HelpText>> parsed) {
  LEMU_TRY(parsed);
  if (const HelpText* help = std::get_if<HelpText>(&*parsed)) return Command(ShowText{help->text});
  return Command(std::get<Options>(std::move(*parsed)));
}

Result<Command> invoke_command(std::span<const std::string> arguments) {
  return as_command(parse_invoke(arguments));
}
Result<Command> shell_command(std::span<const std::string> arguments) {
  return as_command(parse_shell(arguments));
}
Result<Command> serve_command(std::span<const std::string> arguments) {
  return as_command(parse_serve(arguments));
}
Result<Command> ps_command(std::span<const std::string> arguments) { return as_command(parse_ps(arguments)); }
Result<Command> logs_command(std::span<const std::string> arguments) {
  return as_command(parse_logs(arguments));
}
Result<Command> stop_command(std::span<const std::string> arguments) {
  return as_command(parse_stop(arguments));
}
Result<Command> async_command(std::span<const std::string> arguments) {
  return as_command(parse_async(arguments));
}
Result<Command> rie_command(std::span<const std::string> arguments) {
  return as_command(parse_rie(arguments, process_environment()));
}

Result<Command> doctor_command(std::span<const std::string> arguments) {
  DoctorOptions options;
  CommandSpec spec;
  spec.name = "doctor";
  spec.usage = "lemu doctor [options]";
  spec.summary =
      "Shows what this host can do for functions of each architecture, tried and not guessed, and the "
      "command that would improve it.";
  spec.groups = {{"Options",
                  {{"--json", "", "one JSON object", "", take_flag(options.json, true)},
                   {"-v,--verbose", "", "how each line was found out", "",
                    take_flag(options.verbosity, Verbosity::verbose)}}}};
  Result<ParsedLine> line = parse_line(spec, arguments);
  LEMU_TRY(line);
  if (line->wish == ParsedLine::Wish::help) return Command(ShowText{render_help(spec)});
  if (!line->words.empty()) return unexpected_argument(line->words[0], spec.usage);
  return Command(options);
}

constexpr std::array<CommandRow, 9> kCommands{{
    {"invoke", "run a function and print its response", invoke_command},
    {"serve", "serve functions with AWS's Lambda API, for SDKs and the AWS CLI", serve_command},
    {"ps", "what a running lemu serve serves, and its environments", ps_command},
    {"logs", "a served function's log", logs_command},
    {"async", "a running lemu serve's asynchronous events", async_command},
    {"stop", "end a running lemu serve", stop_command},
    {"shell", "look around in a function's environment", shell_command},
    {"rie", "stand in for aws-lambda-rie, in a container image too", rie_command},
    {"doctor", "what this host can do, and what would improve it", doctor_command},
}};

std::string front_page() {
  constexpr std::size_t column = 10;
  std::string text =
      "lemu runs AWS Lambda functions on this machine: arm64 or x86_64, without Docker\n"
      "or root, measured as Lambda measures them.\n\n"
      "Usage: lemu COMMAND [options]\n\nCommands:\n";
  for (const CommandRow& row : kCommands) {
    std::string name = row.name;
    name.resize(column, ' ');
    text += "  " + name + row.summary + "\n";
  }
  return text +
         "\n  lemu COMMAND --help   its options, with examples\n"
         "  lemu --version\n\n"
         "Start here:\n"
         "  lemu invoke --arch arm64 ./bootstrap event.json\n\n"
         "Exit codes:\n" +
         exit_codes_help();
}

const CommandRow* find_command(const std::string& name) {
  const auto row = std::find_if(kCommands.begin(), kCommands.end(),
                                [&](const CommandRow& candidate) { return candidate.name == name; });
  return row == kCommands.end() ? nullptr : &*row;
}

tl::unexpected<Error> unknown_command(const std::string& word) {
  if (word.find('/') != std::string::npos || word.ends_with(".zip") || word == "bootstrap")
    return fail<"command-is-a-file">(at<"word">(word));
  std::vector<std::string> names;
  for (const CommandRow& row : kCommands) names.push_back(row.name);
  return fail<"command-unknown">(at<"word">(word),
                                 at<"suggestion">(did_you_mean(candidates_for(word, names))));
}

Result<Command> help_command(std::span<const std::string> topics) {
  if (topics.empty()) return Command(ShowText{front_page()});
  const CommandRow* row = find_command(topics[0]);
  if (row == nullptr) return unknown_command(topics[0]);
  const std::array<std::string, 1> help{"--help"};
  return row->parse(help);
}

}  // namespace

Result<Command> parse_command_line(std::span<const std::string> arguments) {
  if (arguments.empty()) return Command(ShowText{front_page(), ExitCode::bad_usage});
  const std::string& word = arguments[0];
  if (word == "--help" || word == "-h") return Command(ShowText{front_page()});
  if (word == "help") return help_command(arguments.subspan(1));
  if (word == "--version" || word == "-V") return Command(ShowText{std::string(kVersion)});
  if (word.starts_with('-')) {
    const std::vector<std::string> known = {"--help", "--version"};
    return fail<"option-before-command">(at<"option">(word),
                                         at<"suggestion">(did_you_mean(candidates_for(word, known))));
  }
  const CommandRow* row = find_command(word);
  if (row == nullptr) return unknown_command(word);
  return row->parse(arguments.subspan(1));
}

}  // namespace lemu::emulator::cli
