// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/invoke_options.hpp"

#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"
#include "emulator/cli/terminal/exit_code.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::uint32_t kMostRepeats = 1'000'000;
constexpr std::string_view kQuiet = "-q,--quiet";  // of the function's options

OptionGroup event_group(InvokeOptions& into) {
  return {"The event",
          {{"--data", "JSON", "the event itself, in place of EVENT", R"(--data '{"key":"value"}')",
            take_any_text(into.event.data)},
           {"--client-context", "JSON", "what the function finds in its client context",
            R"(--client-context '{"custom":{"key":"value"}}')",
            [&into](const std::string& value) -> Status {
              into.client_context = value;
              return {};
            }},
           {"--repeat", "N", "invoke N times in one environment; a failure does not end it", "--repeat 10",
            take_count(into.repeat, kMostRepeats)}}};
}

OptionGroup report_group(InvokeOptions& into) {
  return {"The report",
          {{"--report", "FORMAT",
            "text (default): START, END and REPORT as Lambda logs them; json: one object an "
            "invocation, all figures with how they were obtained; none",
            "--report json",
            take_choice<ReportFormat>(
                into.report,
                {{"text", ReportFormat::text}, {"json", ReportFormat::json}, {"none", ReportFormat::none}})},
           {"--report-file", "FILE", "where --report json goes (default: the last lines of stderr)",
            "--report json --report-file report.jsonl", take_text(into.report_file)}}};
}

OptionGroup daemon_group(InvokeOptions& into) {
  return {
      "A running lemu serve",
      {{"--endpoint", "URL",
        "invoke the function NAME that a running `lemu serve` serves; how it is run is then the daemon's, so "
        "that only the options on the event and the report, and -q, can be given. Of the log there are the "
        "last "
        "4 KB",
        "--endpoint http://127.0.0.1:9000", take_text(into.endpoint)}}};
}

/// Of the options that say how a function is run: each is refused, by its name.
std::vector<OptionGroup> groups_of_the_daemon(FunctionOptions& into) {
  std::vector<OptionGroup> groups = function_option_groups(into);
  for (OptionGroup& group : groups)
    for (OptionSpec& option : group.options) {
      if (option.names == kQuiet) continue;
      option.example.clear();
      option.take = [](const std::string&) -> Status { return fail<"option-of-the-daemon">(); };
    }
  return groups;
}

/// Where a daemon runs the function.
CommandSpec served_spec(InvokeOptions& into) {
  CommandSpec spec;
  spec.name = "invoke";
  spec.usage = "lemu invoke --endpoint URL [options] NAME [EVENT]";
  spec.groups = groups_of_the_daemon(into.function);
  for (OptionGroup& group : std::vector{daemon_group(into), event_group(into), report_group(into)})
    spec.groups.push_back(std::move(group));
  return spec;
}

bool names_endpoint(std::span<const std::string> arguments) {
  for (const std::string& word : arguments) {
    if (word == "--") return false;
    if (word == "--endpoint" || word.starts_with("--endpoint=")) return true;
  }
  return false;
}

CommandSpec invoke_spec(InvokeOptions& into) {
  CommandSpec spec;
  spec.name = "invoke";
  spec.usage = "lemu invoke [options] TARGET [EVENT]";
  spec.summary =
      "Runs a Lambda function. TARGET is a bootstrap, a folder that holds one, or a .zip; EVENT is a JSON "
      "file, "
      "or '-' for standard input (default: {}). The response goes to stdout, logs and the REPORT line to "
      "stderr.";
  std::vector<OptionGroup> function = function_option_groups(into.function);
  spec.groups = {event_group(into), report_group(into), daemon_group(into)};
  spec.groups.insert(spec.groups.begin(), function.begin(), function.end());
  spec.examples =
      "  lemu invoke --arch arm64 ./bootstrap event.json\n"
      "  lemu invoke function.zip --data '{\"name\":\"you\"}' --memory 512MB --timeout 10s\n"
      "  echo '{}' | lemu invoke ./build - --repeat 5 --report json\n"
      "  lemu invoke --endpoint http://127.0.0.1:9000 hello event.json\n";
  return spec;
}

CommandSpec shell_spec(FunctionOptions& into) {
  CommandSpec spec;
  spec.name = "shell";
  spec.usage = "lemu shell [options] TARGET [-- COMMAND [ARGUMENT...]]";
  spec.summary =
      "Opens a shell in the environment that TARGET's function would run in, or runs COMMAND there: the same "
      "files, "
      "user, limits and variables.";
  spec.groups = function_option_groups(into);
  spec.examples =
      "  lemu shell ./bootstrap\n"
      "  lemu shell --arch arm64 function.zip -- ls -l /var/task\n";
  return spec;
}

std::string full_help(const CommandSpec& spec) {
  return render_help(spec) + "\nExit codes:\n" + exit_codes_help();
}

tl::unexpected<Error> no_target(const CommandSpec& spec) {
  return fail<"target-missing">(at<"usage">(spec.usage));
}

Status take_words(const std::vector<std::string>& words, const CommandSpec& spec, InvokeOptions& into) {
  if (words.empty() || words[0].empty()) return no_target(spec);
  if (words.size() > 2)
    return fail<"argument-after-event">(at<"word">(words[2]), at<"target">(words[0]), at<"event">(words[1]),
                                        at<"usage">(spec.usage));
  into.function.description.target = words[0];
  if (words.size() < 2) return {};
  if (words[1].empty()) return fail<"event-word-empty">();
  if (into.event.data) return fail<"event-twice">(at<"event">(words[1]));
  into.event.file = words[1];
  return {};
}

Status check_together(const InvokeOptions& options) {
  if (!options.report_file.empty() && options.report != ReportFormat::json)
    return fail<"report-file-without-json">();
  if (options.client_context) return check_client_context(*options.client_context);
  return {};
}

}  // namespace

Result<std::variant<InvokeOptions, HelpText>> parse_invoke(std::span<const std::string> arguments) {
  using Outcome = std::variant<InvokeOptions, HelpText>;
  InvokeOptions options;
  const CommandSpec spec = names_endpoint(arguments) ? served_spec(options) : invoke_spec(options);
  Result<ParsedLine> line = parse_line(spec, arguments);
  LEMU_TRY(line);
  if (line->wish == ParsedLine::Wish::help) return Outcome(HelpText{full_help(invoke_spec(options))});
  LEMU_TRY(take_words(line->words, spec, options));
  LEMU_TRY(check_together(options));
  return Outcome(options);
}

Result<std::variant<ShellOptions, HelpText>> parse_shell(std::span<const std::string> arguments) {
  using Outcome = std::variant<ShellOptions, HelpText>;
  ShellOptions options;
  const CommandSpec spec = shell_spec(options.function);
  Result<ParsedLine> line = parse_line(spec, arguments);
  LEMU_TRY(line);
  if (line->wish == ParsedLine::Wish::help) return Outcome(HelpText{full_help(spec)});
  if (line->words.empty() || line->words[0].empty()) return no_target(spec);
  options.function.description.target = line->words[0];
  options.command.assign(line->words.begin() + 1, line->words.end());
  return Outcome(options);
}

}  // namespace lemu::emulator::cli
