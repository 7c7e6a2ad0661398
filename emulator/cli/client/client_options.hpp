// SPDX-License-Identifier: Apache-2.0
// The options of the commands that ask a running daemon: ps, logs, stop, async. Plain values.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "emulator/cli/parser/command_line_parser.hpp"

namespace lemu::emulator::cli {

struct PsOptions {
  std::string endpoint;
  bool json = false;
};

struct LogsOptions {
  std::string endpoint;
  std::string function;
  bool follow = false;
};

struct StopOptions {
  std::string endpoint;
};

struct AsyncOptions {
  enum class Action { list, show, redrive } action = Action::list;
  std::string endpoint;
  std::string request_id;  ///< for show and redrive
};

[[nodiscard]] Result<std::variant<PsOptions, HelpText>> parse_ps(std::span<const std::string> arguments);
[[nodiscard]] Result<std::variant<LogsOptions, HelpText>> parse_logs(std::span<const std::string> arguments);
[[nodiscard]] Result<std::variant<StopOptions, HelpText>> parse_stop(std::span<const std::string> arguments);
[[nodiscard]] Result<std::variant<AsyncOptions, HelpText>> parse_async(
    std::span<const std::string> arguments);

}  // namespace lemu::emulator::cli
