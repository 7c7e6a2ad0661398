// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/serve_options.hpp"

#include "emulator/cli/config_file.hpp"
#include "emulator/cli/daemon_options.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"
#include "emulator/cli/pool_options.hpp"
#include "emulator/cli/served_function.hpp"

namespace lemu::emulator::cli {
namespace {

OptionGroup functions_group(std::vector<std::string>& into, std::string& config) {
  return {
      "The functions",
      {{"--config", "FILE",
        "YAML with the options' names as keys, and functions by name; the command line goes before it",
        "--config lemu.yaml", take_text(config)},
       {"--function", "NAME=PATH[,KEY=VALUE...]",
        "serve the bootstrap, folder or .zip PATH as NAME; repeatable. The keys are the options below from "
        "\"Its environments\" on (arch=arm64, timeout=3, memory=256, concurrency=10, cold) and "
        "env.NAME=VALUE; '\\,' is a comma within a value",
        "--function hello=./bootstrap,arch=arm64", take_another(into)}}};
}

CommandSpec serve_spec(ServeOptions& into, ServedFunctionOptions& defaults,
                       std::vector<std::string>& functions, std::string& config) {
  CommandSpec spec;
  spec.name = "serve";
  spec.usage = "lemu serve [options] --function NAME=PATH ...";
  spec.summary =
      "Serves functions with AWS's Lambda API until it is told to stop: point an SDK, the AWS CLI or a test "
      "suite at it. One line on stdout tells its address when it can serve.";
  spec.groups = {functions_group(functions, config), daemon_group(into), limits_group(into)};
  for (OptionGroup& group : serving_option_groups(defaults.serving)) spec.groups.push_back(std::move(group));
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

/// As if the option stood on the command line.
Status take_setting(const CommandSpec& spec, const std::string& folder, const std::string& key,
                    const std::string& value) {
  const Result<const OptionSpec*> found = option_of_key(
      spec.groups, key,
      [](const OptionSpec& one) { return one.names != "--function" && one.names != "--config"; },
      {"functions"});
  LEMU_TRY(found);
  return (*found)->take(value_from_folder(folder, **found, value));
}

Status take_settings(const CommandSpec& spec, const ConfigFile& config) {
  for (const WrittenSetting& setting : config.settings)
    if (Status taken = take_setting(spec, config.folder, setting.key, setting.value); !taken)
      return fail(at_place(std::move(taken.error()).within(setting.key), setting.place));
  return {};
}

Status add_function(const WrittenFunction& written, const ServedFunctionOptions& defaults,
                    ServeOptions& into) {
  for (const ServedFunctionOptions& other : into.functions)
    if (other.function.description.name == written.name)
      return fail<"function-twice">(at<"name">(written.name));
  Result<ServedFunctionOptions> function = apply_settings(written, defaults);
  LEMU_TRY(function);
  into.functions.push_back(std::move(*function));
  return {};
}

/// As PutFunctionConcurrency, which names the function that goes too far.
Status check_reserved(const std::vector<ServedFunctionOptions>& functions) {
  std::uint32_t reserved = 0;
  for (const ServedFunctionOptions& function : functions) {
    reserved += function.serving.pool.reserved.value_or(0);
    if (reserved > AccountConcurrency::kLimit - AccountConcurrency::kLeastUnreserved)
      return fail<"reserved-too-much">(at<"name">(*function.function.description.name),
                                       at<"least">(AccountConcurrency::kLeastUnreserved),
                                       at<"reserved">(reserved), at<"limit">(AccountConcurrency::kLimit));
  }
  return {};
}

/// All that a line is parsed into.
struct ServeLine {
  ServeOptions options;
  ServedFunctionOptions defaults;
  std::vector<std::string> functions;
  std::string config_path;
  CommandSpec spec = serve_spec(options, defaults, functions, config_path);
};

Result<ServeOptions> with_functions(ServeLine& line, const ConfigFile& config) {
  line.options.verbosity = line.defaults.function.verbosity;
  for (const WrittenFunction& written : config.functions)
    LEMU_TRY(add_function(written, line.defaults, line.options));
  for (const std::string& text : line.functions) {
    Result<WrittenFunction> written = parse_written_function(text);
    if (!written) return fail(std::move(written.error()).within("--function"));
    LEMU_TRY(add_function(*written, line.defaults, line.options));
  }
  if (line.options.functions.empty()) return fail<"function-missing">();
  LEMU_TRY(check_reserved(line.options.functions));
  return std::move(line.options);
}

}  // namespace

Result<std::variant<ServeOptions, HelpText>> parse_serve(std::span<const std::string> arguments) {
  using Outcome = std::variant<ServeOptions, HelpText>;
  ServeLine first;  // which tells of the file
  Result<ParsedLine> parsed = parse_line(first.spec, arguments);
  LEMU_TRY(parsed);
  if (parsed->wish == ParsedLine::Wish::help) return Outcome(HelpText{render_help(first.spec)});
  if (!parsed->words.empty()) return fail<"serve-argument">(at<"word">(parsed->words[0]));
  ServeLine line;
  ConfigFile config;
  if (!first.config_path.empty()) {
    Result<ConfigFile> read = ConfigFile::read(first.config_path);
    LEMU_TRY(read);
    config = std::move(*read);
    LEMU_TRY(take_settings(line.spec, config));
  }
  parsed = parse_line(line.spec, arguments);  // over the file's
  LEMU_TRY(parsed);
  Result<ServeOptions> options = with_functions(line, config);
  LEMU_TRY(options);
  return Outcome(std::move(*options));
}

}  // namespace lemu::emulator::cli
