// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/serve_options.hpp"

#include <charconv>

#include "base/units.hpp"
#include "emulator/cli/command_line_values.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/pool_options.hpp"
#include "emulator/cli/served_function.hpp"

namespace lemu::emulator::cli {
namespace {

Take take_port(std::uint16_t& into) {
  return [&into](const std::string& value) -> Status {
    const char* end = value.data() + value.size();
    const std::from_chars_result read = std::from_chars(value.data(), end, into);
    if (value.empty() || read.ec != std::errc() || read.ptr != end) return fail<"value-not-a-port">(value);
    return {};
  };
}

Take append_to(std::vector<std::string>& into) {
  return [&into](const std::string& value) -> Status {
    if (value.empty()) return fail<"value-empty">();
    into.push_back(value);
    return {};
  };
}

Take take_milliseconds(std::chrono::milliseconds& into) {
  return [&into](const std::string& value) -> Status {
    Result<std::chrono::nanoseconds> span = parse_duration(value);
    if (!span) return fail(std::move(span.error()));
    into = std::chrono::duration_cast<std::chrono::milliseconds>(*span);
    return {};
  };
}

Take take_retries(std::uint32_t& into) {
  return take_choice<std::uint32_t>(into, {{"0", 0}, {"1", 1}, {"2", 2}});
}

Take take_scale(double& into) {
  return [&into](const std::string& value) -> Status {
    constexpr double kMost = 1000;
    std::optional<double> scale;
    Status taken = take_factor(scale, kMost)(value);
    if (taken) into = *scale;
    return taken;
  };
}

OptionGroup functions_group(std::vector<std::string>& into) {
  return {"The functions",
          {{"--function", "NAME=PATH[,KEY=VALUE...]",
            "serve the bootstrap, folder or .zip PATH as NAME; repeatable. The keys are the options below "
            "that take a value (arch=arm64, timeout=3, memory=256, concurrency=10) and env.NAME=VALUE; '\\,' "
            "is a comma "
            "within a value",
            "--function hello=./bootstrap,arch=arm64", append_to(into)}}};
}

OptionGroup daemon_group(ServeOptions& into) {
  return {"The daemon",
          {{"--port", "PORT", "default: 9000; 0 takes any free one", "--port 9001", take_port(into.port)},
           {"--port-file", "FILE", "write the port there as soon as lemu can serve", "--port-file port",
            take_text(into.port_file)},
           {"--listen", "ADDRESS",
            "numeric IPv4 address (default: 127.0.0.1). On another one everybody who reaches it can run your "
            "functions",
            "--listen 0.0.0.0", take_text(into.listen)},
           {"--host-name", "NAME", "answer to this host name too; repeatable", "--host-name lambda.test",
            append_to(into.host_names)},
           {"--drain-timeout", "TIME", "how long invocations may go on after SIGTERM (default: 10s)",
            "--drain-timeout 30s", take_milliseconds(into.drain_timeout)},
           {"--log-format", "FORMAT", "of what lemu says of itself on stderr: text (default) or json",
            "--log-format json",
            take_choice<DaemonLog::Format>(
                into.log_format, {{"text", DaemonLog::Format::text}, {"json", DaemonLog::Format::json}})},
           {"--log-dir", "DIR",
            "write the functions' logs there too, as aws/lambda/NAME/YYYY/MM/DD/[VERSION]ID.log; a stream "
            "keeps its last 10 to 20 MB",
            "--log-dir logs", take_text(into.log_folder)}}};
}

OptionGroup events_group(ServeOptions& into) {
  return {
      "Asynchronous invocations",
      {{"--state-dir", "DIR",
        "where accepted events and dead letters are kept (default: $XDG_STATE_HOME/lemu/PORT, else "
        "~/.local/state/lemu/PORT; with --port 0 nothing is kept beyond the end)",
        "--state-dir state", take_text(into.state_folder)},
       {"--async-retries", "N", "how often an event whose invocation failed is tried again: 0 to 2 (default)",
        "--async-retries 0", take_retries(into.retries.retries)},
       {"--async-max-age", "TIME", "give an event up that is so old (default: 6h)", "--async-max-age 1h",
        take_milliseconds(into.retries.max_age)},
       {"--async-delay-scale", "X",
        "multiplies Lambda's times: the delays before retries (1 and 2 minutes) and the maximum age",
        "--async-delay-scale 0.01", take_scale(into.retries.delay_scale)}}};
}

CommandSpec serve_spec(ServeOptions& into, ServedFunctionOptions& defaults,
                       std::vector<std::string>& functions) {
  CommandSpec spec;
  spec.name = "serve";
  spec.usage = "lemu serve [options] --function NAME=PATH ...";
  spec.summary =
      "Serves functions with AWS's Lambda API until it is told to stop: point an SDK, the AWS CLI or a test "
      "suite at it. One line on stdout tells its address when it can serve.";
  spec.groups = {functions_group(functions), daemon_group(into), events_group(into),
                 pool_option_group(defaults)};
  for (OptionGroup& group : function_option_groups(defaults.function)) {
    std::erase_if(group.options, [](const OptionSpec& option) {
      return option.names == "--name" || option.names == "--keep";
    });
    spec.groups.push_back(std::move(group));
  }
  spec.examples =
      "  lemu serve --function hello=./bootstrap,arch=arm64\n"
      "  lemu serve --function a=./a.zip --function b=./b,timeout=30,memory=512 --port 0 --port-file port\n"
      "  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name hello out.json\n";
  return spec;
}

Status take_functions(const std::vector<std::string>& texts, const ServedFunctionOptions& defaults,
                      ServeOptions& into) {
  for (const std::string& text : texts) {
    Result<WrittenFunction> written = parse_written_function(text);
    if (!written) return fail(std::move(written.error()).within("--function"));
    for (const ServedFunctionOptions& other : into.functions)
      if (other.function.settings.name == written->name) return fail<"function-twice">(written->name);
    Result<ServedFunctionOptions> function = apply_settings(*written, defaults);
    if (!function) return fail(std::move(function.error()));
    into.functions.push_back(std::move(*function));
  }
  if (!into.functions.empty()) return {};
  return fail<"function-missing">();
}

}  // namespace

Result<std::variant<ServeOptions, HelpText>> parse_serve(std::span<const std::string> arguments) {
  using Outcome = std::variant<ServeOptions, HelpText>;
  ServeOptions options;
  ServedFunctionOptions defaults;
  std::vector<std::string> functions;
  const CommandSpec spec = serve_spec(options, defaults, functions);
  Result<ParsedLine> line = parse_line(spec, arguments);
  if (!line) return fail(std::move(line.error()));
  if (line->wish == ParsedLine::Wish::help) return Outcome(HelpText{render_help(spec)});
  if (!line->words.empty()) return fail<"serve-argument">(line->words[0]);
  options.verbosity = defaults.function.verbosity;
  if (Status taken = take_functions(functions, defaults, options); !taken)
    return fail(std::move(taken.error()));
  return Outcome(std::move(options));
}

}  // namespace lemu::emulator::cli
