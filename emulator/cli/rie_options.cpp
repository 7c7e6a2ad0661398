// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/rie_options.hpp"

#include <optional>

#include "base/tcp_end.hpp"
#include "base/units.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/cli/parser/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

/// Go's net.SplitHostPort, of what can be listened on here: ":8080", "localhost:8080", "[::1]:8080".
Take take_address(RieAddress& into) {
  return [&into](const std::string& value) -> Status {
    const std::size_t colon = value.rfind(':');
    if (colon == std::string::npos) return fail<"value-not-an-address">(at<"value">(value));
    std::string host = value.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    const std::optional<std::uint16_t> port = parse_port(std::string_view(value).substr(colon + 1));
    // An IPv6 address has its brackets, or which colon is the port's could not be told.
    const bool is_open_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
    if (!port || is_open_ipv6 || (!host.empty() && !TcpEnd::of(host, *port)))
      return fail<"value-not-an-address">(at<"value">(value));
    into = {std::move(host), *port};
    return {};
  };
}

Take take_level(RieLevel& into) {
  return [&into](const std::string& value) -> Status {
    const std::optional<RieLevel> level = rie_level_of(value);
    if (!level) return none_of(value, {"trace", "debug", "info", "warning", "error", "fatal", "panic"});
    into = *level;
    return {};
  };
}

CommandSpec rie_spec(RieSettings& into) {
  CommandSpec spec;
  spec.name = "rie";
  spec.usage = "lemu rie [options] [BOOTSTRAP [ARGUMENT ...] [HANDLER]]";
  spec.summary =
      "Stands in for aws-lambda-rie, inside a container image too: the same options, variables, path, "
      "addresses and output. It also does so when it is started by that name. Without a BOOTSTRAP it runs "
      "/var/task/bootstrap, /opt/bootstrap or /var/runtime/bootstrap. The function is run as it is, without "
      "a sandbox: the container is one.";
  spec.groups = {
      {"Options",
       {{"--runtime-interface-emulator-address", "ADDRESS", "where it is invoked (default: 0.0.0.0:8080)",
         "--runtime-interface-emulator-address 127.0.0.1:8080", take_address(into.listen)},
        {"--runtime-api-address", "ADDRESS",
         "where the function finds the Runtime API (default: 127.0.0.1:9001)",
         "--runtime-api-address 127.0.0.1:9001", take_address(into.runtime_api)},
        {"--log-level", "LEVEL",
         "of its own log on stderr: trace, debug, info, warning, error, fatal, panic (default: LOG_LEVEL, "
         "else "
         "info)",
         "--log-level debug", take_level(into.level)},
        {"--enable-init-caching", "", "accepted, as aws-lambda-rie does; changes nothing", "",
         [](const std::string&) -> Status { return {}; }},
        {"--host-name", "NAME",
         "lemu's own: answer to this host name too, beside addresses, localhost and names without a dot; "
         "repeatable",
         "--host-name lambda.test", take_host_name(into.host_names)}}}};
  spec.examples =
      "  lemu rie ./bootstrap\n"
      "  lemu rie /usr/local/bin/python3 -m awslambdaric app.handler\n"
      "  curl localhost:8080/2015-03-31/functions/function/invocations -d '{}'\n";
  return spec;
}

/// The option that `word` is, with or without its value behind a '='.
const OptionSpec* find_option(const std::vector<OptionSpec>& options, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  for (const OptionSpec& option : options)
    if (option.names == name) return &option;
  return nullptr;
}

Status take(const OptionSpec& option, std::span<const std::string>& rest) {
  const std::string& word = rest[0];
  const std::size_t equals = word.find('=');
  if (option.value.empty()) return option.take("");
  if (equals == std::string::npos && rest.size() < 2) return missing_value(option);
  const std::string value = equals == std::string::npos ? rest[1] : word.substr(equals + 1);
  if (equals == std::string::npos) rest = rest.subspan(1);
  Status taken = option.take(value);
  if (!taken) return lemu::fail(std::move(taken.error()).within(option.names));
  return {};
}

}  // namespace

Result<std::variant<RieSettings, HelpText>> parse_rie(std::span<const std::string> arguments,
                                                      const EnvironmentLookup& environment) {
  using Outcome = std::variant<RieSettings, HelpText>;
  RieSettings options;
  options.level = rie_level_of(environment("LOG_LEVEL").value_or("info")).value_or(RieLevel::info);
  const CommandSpec spec = rie_spec(options);
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h"))
    return Outcome(HelpText{render_help(spec)});
  for (std::span<const std::string> rest = arguments; !rest.empty(); rest = rest.subspan(1)) {
    const OptionSpec* option = find_option(spec.groups[0].options, rest[0]);
    if (option == nullptr) {
      options.command.push_back(rest[0]);
      continue;
    }
    LEMU_TRY(take(*option, rest));
  }
  return Outcome(std::move(options));
}

}  // namespace lemu::emulator::cli
