// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/daemon_options.hpp"

#include "base/units.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/parser/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

Take take_port(std::uint16_t& into) {
  return [&into](const std::string& value) -> Status {
    const std::optional<std::uint16_t> port = parse_port(value);
    if (!port) return fail<"value-not-a-port">(at<"value">(value));
    into = *port;
    return {};
  };
}

}  // namespace

OptionGroup daemon_group(ServeOptions& into) {
  return {
      "The daemon",
      {{"--port", "PORT", "default: 9000; 0 takes any free one", "--port 9001", take_port(into.port)},
       {"--port-file", "FILE", "write the port there as soon as lemu can serve", "--port-file port",
        take_text(into.port_file)},
       {"--listen", "ADDRESS",
        "numeric address, IPv4 or IPv6 (default: 127.0.0.1). On one that is not loopback everybody who "
        "reaches it can run your functions",
        "--listen 0.0.0.0", take_text(into.listen)},
       {"--allow-other-users", "",
        "serve every user of this machine over loopback, not only the one that starts lemu, and root", "",
        take_switch(into.callers, DaemonSettings::Callers::every_user, DaemonSettings::Callers::own_user)},
       {"--strict", "",
        "do not start when a function cannot run. Without it that one answers Runtime.InvalidEntrypoint, and "
        "the "
        "others are served",
        "", take_switch(into.broken, DaemonSettings::Broken::refused, DaemonSettings::Broken::answers)},
       {"--host-name", "NAME", "answer to this host name too; repeatable", "--host-name lambda.test",
        take_host_name(into.host_names)},
       {"--drain-timeout", "TIME", "how long invocations may go on after SIGTERM (default: 10s)",
        "--drain-timeout 30s", take_time(into.drain_timeout)},
       {"--state-dir", "DIR",
        "where accepted asynchronous events and dead letters are kept (default: "
        "$XDG_STATE_HOME/lemu/PORT, else "
        "~/.local/state/lemu/PORT; with --port 0 nothing is kept beyond the end). It must not be "
        "writable for others",
        "--state-dir state", take_text(into.state_folder)},
       {"--log-format", "FORMAT", "of what lemu says of itself on stderr: text (default) or json",
        "--log-format json",
        take_choice<DaemonLog::Format>(
            into.log_format, {{"text", DaemonLog::Format::text}, {"json", DaemonLog::Format::json}})},
       {"--log-level", "LEVEL", "the least of it that is said: info (default), warning or error",
        "--log-level warning",
        take_choice<DaemonLog::Level>(into.log_level, {{"info", DaemonLog::Level::info},
                                                       {"warning", DaemonLog::Level::warning},
                                                       {"error", DaemonLog::Level::error}})},
       {"--log-dir", "DIR",
        "write the functions' logs there too, as aws/lambda/NAME/YYYY/MM/DD/[VERSION]ID.log; a stream "
        "keeps its last 10 to 20 MB, and a function its 100 latest streams, earlier daemons' included",
        "--log-dir logs", take_text(into.log_folder)}}};
}

OptionGroup limits_group(ServeOptions& into) {
  constexpr std::size_t kMostHeader = std::size_t{16} << 20;
  constexpr std::size_t kMostPayloads = std::size_t{1} << 40;
  constexpr std::uint32_t kMostConnections = 1'000'000;
  return {
      "Its limits",
      {{"--max-connections", "N",
        "connections at once, more are answered 503, but for `lemu stop` and `lemu ps`; at most half of the "
        "files that lemu may open, by "
        "the hard limit (default: 16384)",
        "--max-connections 100", take_count(into.connections, kMostConnections)},
       {"--header-limit", "SIZE", "a request's line and fields; more is answered 431 (default: 1M)",
        "--header-limit 16k", take_bytes(into.http.header_bytes, kMostHeader)},
       {"--header-timeout", "TIME", "for a request's header, from its first byte; else 408 (default: 20s)",
        "--header-timeout 5s", take_time_limit(into.http.header_deadline)},
       {"--body-timeout", "TIME",
        "for a request's body, else 408; and for a caller to take a part of its answer (default: 5m)",
        "--body-timeout 30s", take_time_limit(into.http.body_deadline)},
       {"--keep-alive-timeout", "TIME",
        "for the next request on a connection, which is closed else (default: 10m, longer than SDKs' pools "
        "keep one)",
        "--keep-alive-timeout 1m", take_time_limit(into.http.idle_deadline)},
       {"--payload-limit", "SIZE",
        "a payload; more is answered 413 (default: Lambda's 6 MB, and 1 MB of an asynchronous one)",
        "--payload-limit 100k", take_bytes(into.payload_limit, kEventLimit)},
       {"--payloads-memory", "SIZE",
        "for all payloads over 64 KB together, from their arrival to the function's answer; what does not "
        "fit waits "
        "its turn, for --body-timeout at most, then 503 (default: 256M)",
        "--payloads-memory 64M", take_bytes(into.http.bodies_bytes, kMostPayloads)}}};
}

}  // namespace lemu::emulator::cli
