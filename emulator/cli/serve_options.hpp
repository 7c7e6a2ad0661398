// SPDX-License-Identifier: Apache-2.0
// ServeOptions: everything `lemu serve` can be told. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "emulator/cli/function_options.hpp"
#include "emulator/cli/invoke_options.hpp"
#include "emulator/daemon/daemon.hpp"
#include "emulator/report/daemon_log.hpp"

namespace lemu::emulator::cli {

struct ServedFunctionOptions {
  std::string origin;  ///< for messages: "lemu.yaml: line 3, column 9: function hello"
  FunctionOptions function;
  ServingSettings serving;
};

struct ServeOptions {
  std::vector<ServedFunctionOptions> functions = {};
  std::string listen = "127.0.0.1";
  std::uint16_t port = 9000;  ///< 0: the kernel chooses
  DaemonSettings::Callers callers = DaemonSettings::Callers::own_user;
  DaemonSettings::Broken broken = DaemonSettings::Broken::answers;
  std::string port_file = {};
  std::vector<std::string> host_names = {};
  std::chrono::milliseconds drain_timeout{10'000};
  std::string state_folder = {};  ///< empty: after the port
  std::string log_folder = {};    ///< empty: none
  DaemonLog::Format log_format = DaemonLog::Format::text;
  DaemonLog::Level log_level = DaemonLog::Level::info;
  http::Limits http = Daemon::http_limits();
  std::uint32_t connections = 16'384;
  std::size_t payload_limit = kEventLimit;
  Verbosity verbosity = Verbosity::normal;
};

/// The arguments after "serve".
[[nodiscard]] Result<std::variant<ServeOptions, HelpText>> parse_serve(
    std::span<const std::string> arguments);

}  // namespace lemu::emulator::cli
