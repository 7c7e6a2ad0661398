// SPDX-License-Identifier: Apache-2.0
// Function: a function as Lambda would know it: a description whose defaults are filled in, whose limits are
// checked and whose files are read. A plain value.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "emulator/function/config.hpp"
#include "emulator/function/credentials.hpp"
#include "emulator/function/description.hpp"
#include "emulator/function/user_environment.hpp"
#include "emulator/function/variables.hpp"

namespace lemu::emulator {

struct Function {
  FunctionConfig config;
  UserVariables variables;
  Credentials credentials;
};

/// Reads the description's env files and its credentials. `environment` is the user's own.
/// `log_stream_id` has 32 lower-case hex digits.
///
/// bad_usage or bad_input where make_function_config, read_env_file, resolve_user_variables or
/// find_credentials gives it. What the user should be told is in `config.notes` and `variables.notes`.
[[nodiscard]] Result<Function> resolve_function(const FunctionDescription& description,
                                                const EnvironmentLookup& environment,
                                                std::string log_stream_id);

}  // namespace lemu::emulator
