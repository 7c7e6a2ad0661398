// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/function.hpp"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "emulator/function/env_file.hpp"

namespace lemu::emulator {
namespace {

/// The entries of all files, then of all options: in rising precedence, as resolve_user_variables takes them.
Result<std::vector<EnvironmentEntry>> environment_entries(const FunctionDescription& description,
                                                          const std::string& function) {
  std::vector<EnvironmentEntry> entries;
  for (const std::string& path : description.env_files) {
    Result<std::vector<EnvironmentEntry>> file = read_env_file(path, function);
    LEMU_TRY(file);
    entries.insert(entries.end(), file->begin(), file->end());
  }
  entries.insert(entries.end(), description.env.begin(), description.env.end());
  return entries;
}

}  // namespace

Result<Function> resolve_function(const FunctionDescription& description,
                                  const EnvironmentLookup& environment, std::string log_stream_id) {
  Function function;
  std::error_code ignored;
  const std::string target =
      std::filesystem::absolute(description.target, ignored).lexically_normal().string();
  Result<FunctionConfig> config = make_function_config(
      description, {target, environment, std::chrono::system_clock::now(), std::move(log_stream_id)});
  LEMU_TRY(config);
  function.config = std::move(*config);

  const Result<std::vector<EnvironmentEntry>> entries =
      environment_entries(description, function.config.name);
  LEMU_TRY(entries);
  Result<UserVariables> variables = resolve_user_variables(*entries, environment);
  LEMU_TRY(variables);
  function.variables = std::move(*variables);

  Result<Credentials> credentials = find_credentials(description.credentials, environment);
  LEMU_TRY(credentials);
  function.credentials = std::move(*credentials);
  return function;
}

}  // namespace lemu::emulator
