// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/serve_options.hpp"

#include "emulator/cli/command_line_values.hpp"
#include "emulator/cli/daemon_options.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/pool_options.hpp"
#include "emulator/cli/served_function.hpp"

namespace lemu::emulator::cli {
namespace {

OptionGroup functions_group(std::vector<std::string>& into) {
  return {"The functions",
          {{"--function", "NAME=PATH[,KEY=VALUE...]",
            "serve the bootstrap, folder or .zip PATH as NAME; repeatable. The keys are the options below "
            "that take a value (arch=arm64, timeout=3, memory=256, concurrency=10) and env.NAME=VALUE; '\\,' "
            "is a comma "
            "within a value",
            "--function hello=./bootstrap,arch=arm64", take_another(into)}}};
}

CommandSpec serve_spec(ServeOptions& into, ServedFunctionOptions& defaults,
                       std::vector<std::string>& functions) {
  CommandSpec spec;
  spec.name = "serve";
  spec.usage = "lemu serve [options] --function NAME=PATH ...";
  spec.summary =
      "Serves functions with AWS's Lambda API until it is told to stop: point an SDK, the AWS CLI or a test "
      "suite at it. One line on stdout tells its address when it can serve.";
  spec.groups = {functions_group(functions), daemon_group(into), events_group(into), limits_group(into),
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
