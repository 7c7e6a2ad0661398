// SPDX-License-Identifier: Apache-2.0
// The environment variables a function sees: the user's own, held to the rules CreateFunction holds them to,
// and those Lambda sets itself on provided.al2023. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "emulator/function/config.hpp"
#include "emulator/function/credentials.hpp"
#include "emulator/function/env_file.hpp"
#include "emulator/function/user_environment.hpp"

namespace lemu::emulator {

struct Variable {
  std::string name;
  std::string value;

  friend bool operator==(const Variable&, const Variable&) = default;
};

/// The user's variables: each name once, in the order in which the names first came up.
struct UserVariables {
  std::vector<Variable> variables;
  std::vector<std::string> notes;  ///< what was left out and why, as sentences
};

/// Settles the entries, which stand in rising precedence (env files in their order, then each --env: the last
/// wins).
///
/// bad_usage, naming the entry's origin, for a name Lambda reserves (with the option that sets it, where
/// there is one), for one that does not match [a-zA-Z]([a-zA-Z0-9_])+, and, in Lambda's words, for more than
/// 4 KB in all. A name that starts with '_' is dropped with a note, as aws-lambda-rie drops it; so is a bare
/// NAME that the user's environment does not have.
[[nodiscard]] Result<UserVariables> resolve_user_variables(std::span<const EnvironmentEntry> entries,
                                                           const EnvironmentLookup& environment);

/// Everything the bootstrap gets, each name once. `runtime_api` is "host:port" without a scheme. A user's
/// variable replaces LANG, TZ, PATH, LD_LIBRARY_PATH and X-Ray's where Lambda lets it; the rest cannot
/// collide, since resolve_user_variables refuses reserved names.
[[nodiscard]] std::vector<Variable> function_variables(const FunctionConfig& config,
                                                       const UserVariables& user,
                                                       const Credentials& credentials,
                                                       std::string_view runtime_api);

}  // namespace lemu::emulator
