// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/function_setup.hpp"

#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/function/user_environment.hpp"

namespace lemu::emulator::cli {

Result<FunctionSetup> function_setup(const FunctionOptions& options, Identifiers& ids,
                                     TerminalOutput& output) {
  const EnvironmentLookup environment = process_environment();
  Result<Function> function = resolve_function(options.description, environment, ids.hex(32));
  LEMU_TRY(function);
  for (const std::string& note : function->config.notes) output.note(note);
  for (const std::string& note : function->variables.notes) output.note(note);
  Result<std::string> libexec = libexec_folder();
  LEMU_TRY(libexec);

  FunctionSetup setup;
  setup.function = std::move(*function);
  setup.launch = options.launch;
  setup.search_path = environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  setup.libexec = std::move(*libexec);
  return setup;
}

Result<SessionSettings> session_settings(const FunctionOptions& options, Identifiers& ids,
                                         TerminalOutput& output) {
  Result<FunctionSetup> setup = function_setup(options, ids, output);
  LEMU_TRY(setup);
  return SessionSettings{.setup = std::move(*setup),
                         .environment_base = default_environment_base(own_variable)};
}

}  // namespace lemu::emulator::cli
