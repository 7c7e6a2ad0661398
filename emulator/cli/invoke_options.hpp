// SPDX-License-Identifier: Apache-2.0
// InvokeOptions, ShellOptions: everything `lemu invoke` and `lemu shell` can be told. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "emulator/cli/function_options.hpp"
#include "emulator/function/event.hpp"

namespace lemu::emulator::cli {

enum class ReportFormat { text, json, none };

struct InvokeOptions {
  FunctionOptions function = {};
  std::string endpoint = {};  ///< of a running daemon, where the description's `target` is a function's name
  EventSource event = {};     ///< not yet read
  std::optional<std::string> client_context = {};  ///< checked: a JSON object
  std::uint32_t repeat = 1;                        ///< invocations in all
  ReportFormat report = ReportFormat::text;
  std::string report_file = {};  ///< empty: standard error
};

struct ShellOptions {
  FunctionOptions function = {};
  std::vector<std::string> command = {};  ///< empty: a shell
};

/// The arguments after "invoke". bad_usage or bad_input for what cannot be meant.
[[nodiscard]] Result<std::variant<InvokeOptions, HelpText>> parse_invoke(
    std::span<const std::string> arguments);
/// The arguments after "shell".
[[nodiscard]] Result<std::variant<ShellOptions, HelpText>> parse_shell(
    std::span<const std::string> arguments);

}  // namespace lemu::emulator::cli
