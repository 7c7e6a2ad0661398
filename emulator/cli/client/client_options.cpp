// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/client/client_options.hpp"

#include "emulator/cli/client/endpoint.hpp"
#include "emulator/cli/client/errors.hpp"
#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/cli/parser/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

/// Parses, and takes at most `most` words.
template <class Options, class TakeWords>
Result<std::variant<Options, HelpText>> parse(const CommandSpec& spec, Options& options,
                                              std::span<const std::string> arguments, std::size_t most,
                                              TakeWords take_words) {
  using Outcome = std::variant<Options, HelpText>;
  options.endpoint = default_endpoint();
  Result<ParsedLine> line = parse_line(spec, arguments);
  LEMU_TRY(line);
  if (line->wish == ParsedLine::Wish::help) return Outcome(HelpText{render_help(spec)});
  if (line->words.size() > most) return unexpected_argument(line->words[most], spec.usage);
  LEMU_TRY(take_words(line->words));
  return Outcome(std::move(options));
}

}  // namespace

Result<std::variant<PsOptions, HelpText>> parse_ps(std::span<const std::string> arguments) {
  PsOptions options;
  CommandSpec spec;
  spec.name = "ps";
  spec.usage = "lemu ps [options]";
  spec.summary = "Shows the functions that a running `lemu serve` serves, and their environments.";
  spec.groups = {{"Options",
                  {endpoint_option(options.endpoint),
                   {"--json", "", "one JSON object", "", take_flag(options.json, true)}}}};
  return parse(spec, options, arguments, 0, [](const std::vector<std::string>&) { return Status{}; });
}

Result<std::variant<LogsOptions, HelpText>> parse_logs(std::span<const std::string> arguments) {
  LogsOptions options;
  CommandSpec spec;
  spec.name = "logs";
  spec.usage = "lemu logs [options] NAME";
  spec.summary =
      "Shows the latest log of a function that a running `lemu serve` serves: the last 256 KB of all its "
      "environments.";
  spec.groups = {{"Options",
                  {endpoint_option(options.endpoint),
                   {"-f,--follow", "", "go on until interrupted", "", take_flag(options.follow, true)}}}};
  spec.examples = "  lemu logs hello --follow\n";
  return parse(spec, options, arguments, 1, [&](const std::vector<std::string>& words) -> Status {
    if (words.empty() || words[0].empty()) return fail<"function-name-missing">(at<"usage">(spec.usage));
    options.function = words[0];
    return {};
  });
}

Result<std::variant<StopOptions, HelpText>> parse_stop(std::span<const std::string> arguments) {
  StopOptions options;
  CommandSpec spec;
  spec.name = "stop";
  spec.usage = "lemu stop [options]";
  spec.summary =
      "Ends a running `lemu serve` as SIGTERM does, and waits until it is gone: what runs may finish, as "
      "long as its --drain-timeout allows.";
  spec.groups = {{"Options", {endpoint_option(options.endpoint)}}};
  return parse(spec, options, arguments, 0, [](const std::vector<std::string>&) { return Status{}; });
}

Result<std::variant<AsyncOptions, HelpText>> parse_async(std::span<const std::string> arguments) {
  AsyncOptions options;
  CommandSpec spec;
  spec.name = "async";
  spec.usage = "lemu async [options] ls | show REQUEST-ID | redrive REQUEST-ID";
  spec.summary =
      "The asynchronous events of a running `lemu serve`: ls lists those that wait and those that were given "
      "up, show prints the record of one that was given up, redrive runs it again.";
  spec.groups = {{"Options", {endpoint_option(options.endpoint)}}};
  return parse(spec, options, arguments, 2, [&](const std::vector<std::string>& words) -> Status {
    const std::string action = words.empty() ? "ls" : words[0];
    const bool takes_id = action == "show" || action == "redrive";
    if (action != "ls" && !takes_id)
      return fail<"async-action-unknown">(at<"action">(action), at<"usage">(spec.usage));
    if (takes_id != (words.size() == 2))
      return fail<"async-request-id">(at<"action">(action), at<"usage">(spec.usage));
    options.action = action == "ls"     ? AsyncOptions::Action::list
                     : action == "show" ? AsyncOptions::Action::show
                                        : AsyncOptions::Action::redrive;
    if (takes_id) options.request_id = words[1];
    return {};
  });
}

}  // namespace lemu::emulator::cli
