// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/function_setup.hpp"

#include <filesystem>

#include "emulator/cli/terminal/process_setup.hpp"

namespace lemu::emulator::cli {

Result<SessionSettings> session_settings(const FunctionOptions& options, const std::string& target,
                                         Identifiers& ids, TerminalOutput& output) {
  SessionSettings settings;
  const EnvironmentLookup environment = process_environment();

  std::error_code code;
  const std::string absolute = std::filesystem::absolute(target, code).lexically_normal().string();
  Result<FunctionConfig> config = make_function_config(
      options.settings, {absolute, environment, std::chrono::system_clock::now(), ids.hex(32)});
  LEMU_TRY(config);
  settings.function = std::move(*config);
  for (const std::string& note : settings.function.notes) output.note(note);

  Result<std::vector<EnvironmentEntry>> entries = environment_entries(options, settings.function.name);
  LEMU_TRY(entries);
  Result<UserVariables> variables = resolve_user_variables(*entries, environment);
  LEMU_TRY(variables);
  settings.variables = std::move(*variables);
  for (const std::string& note : settings.variables.notes) output.note(note);

  Result<Credentials> credentials = find_credentials(options.credentials, environment);
  LEMU_TRY(credentials);
  settings.credentials = std::move(*credentials);

  Result<std::string> libexec = libexec_folder();
  LEMU_TRY(libexec);
  RunSettings& run = settings.run;
  run.target = target;
  run.arch = options.arch;
  if (!options.qemu.empty()) run.qemu = options.qemu;
  if (!options.cpu.empty()) run.cpu = options.cpu;
  if (!options.sysroot.empty()) run.sysroot = options.sysroot;
  run.search_path = environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  run.sandbox = options.sandbox;
  run.launch = options.launch;
  run.tmp_bytes = settings.function.ephemeral_storage_mb << 20;
  run.libexec = std::move(*libexec);
  if (options.keep) {
    run.tmp = RunSettings::Tmp::folder;
    settings.folder = SessionSettings::Folder::kept;
  }
  settings.timeout_scale = options.timeout_scale;
  settings.environment_base = default_environment_base(own_variable);
  return settings;
}

}  // namespace lemu::emulator::cli
