// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/variables.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "emulator/function/errors.hpp"

namespace lemu::emulator {
namespace {

constexpr std::size_t kTotalLimit = 4096;  // "AWS Lambda quotas": environment variables, as one JSON object

struct Reserved {
  std::string_view name;
  std::string_view remedy;
};

constexpr std::string_view kSetByLambda = "remove it: Lambda sets it itself";
constexpr std::string_view kCredentials =
    "remove it; --aws-credentials env or --aws-credentials profile gives the function yours";

// "Defined runtime environment variables" of AWS's documentation: those it calls reserved.
constexpr std::array<Reserved, 19> kReserved{{
    {"_HANDLER", "use --handler"},
    {"_X_AMZN_TRACE_ID", "remove it: the runtime sets it at each invocation"},
    {"AWS_DEFAULT_REGION", "use --region"},
    {"AWS_REGION", "use --region"},
    {"AWS_EXECUTION_ENV", kSetByLambda},
    {"AWS_LAMBDA_FUNCTION_NAME", "use --name"},
    {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "use --memory"},
    {"AWS_LAMBDA_FUNCTION_VERSION", kSetByLambda},
    {"AWS_LAMBDA_INITIALIZATION_TYPE", kSetByLambda},
    {"AWS_LAMBDA_LOG_GROUP_NAME", kSetByLambda},
    {"AWS_LAMBDA_LOG_STREAM_NAME", kSetByLambda},
    {"AWS_ACCESS_KEY", kCredentials},
    {"AWS_ACCESS_KEY_ID", kCredentials},
    {"AWS_SECRET_ACCESS_KEY", kCredentials},
    {"AWS_SESSION_TOKEN", kCredentials},
    {"AWS_LAMBDA_RUNTIME_API", kSetByLambda},
    {"LAMBDA_TASK_ROOT", kSetByLambda},
    {"LAMBDA_RUNTIME_DIR", kSetByLambda},
    {"AWS_LAMBDA_MAX_CONCURRENCY", kSetByLambda},
}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_letter(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

/// CreateFunction's pattern for a name: [a-zA-Z]([a-zA-Z0-9_])+
bool is_legal(std::string_view name) {
  return name.size() >= 2 && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_name_letter);
}

/// Whether the entry is kept; an error when Lambda would refuse the whole function for it.
Result<bool> admit(const EnvironmentEntry& entry, std::vector<std::string>& notes) {
  const auto reserved = std::find_if(kReserved.begin(), kReserved.end(),
                                     [&](const Reserved& row) { return row.name == entry.name; });
  if (reserved != kReserved.end())
    return fail<"variable-reserved">(at<"origin">(entry.origin), at<"name">(entry.name),
                                     at<"instead">(reserved->remedy));
  if (entry.name.starts_with('_')) {
    notes.push_back(entry.origin + ": " + entry.name +
                    " is left out: names that start with '_' are Lambda's");
    return false;
  }
  if (!is_legal(entry.name))
    return fail<"variable-name-malformed">(at<"origin">(entry.origin), at<"name">(entry.name));
  return true;
}

void assign(std::vector<Variable>& variables, std::string_view name, std::string_view value) {
  const auto known = std::find_if(variables.begin(), variables.end(),
                                  [&](const Variable& variable) { return variable.name == name; });
  if (known == variables.end())
    variables.push_back({std::string(name), std::string(value)});
  else
    known->value = value;
}

Status check_total(const std::vector<Variable>& variables) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const Variable& variable : variables) object[variable.name] = variable.value;
  const std::string measured = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (measured.size() <= kTotalLimit) return {};
  return fail<"variables-too-large">(at<"measured">(measured), at<"size">(measured.size()),
                                     at<"limit">(kTotalLimit));
}

/// What the user may replace ("Defined runtime environment variables": unreserved).
void add_overridable(std::vector<Variable>& variables) {
  assign(variables, "LANG", "en_US.UTF-8");
  assign(variables, "TZ", ":UTC");
  assign(variables, "PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin");
  assign(variables, "LD_LIBRARY_PATH",
         "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib");
  assign(variables, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
  assign(variables, "AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000");
}

void add_credentials(std::vector<Variable>& variables, const Credentials& credentials) {
  assign(variables, "AWS_ACCESS_KEY_ID", credentials.access_key_id);
  assign(variables, "AWS_SECRET_ACCESS_KEY", credentials.secret_access_key);
  // SDKs sign with an empty token as if it were one: a user's long-term key has none, so none is set.
  if (!credentials.session_token.empty()) assign(variables, "AWS_SESSION_TOKEN", credentials.session_token);
}

void add_platform(std::vector<Variable>& variables, const FunctionConfig& config,
                  std::string_view runtime_api) {
  assign(variables, "_HANDLER", config.handler);
  assign(variables, "LAMBDA_TASK_ROOT", "/var/task");
  assign(variables, "LAMBDA_RUNTIME_DIR", "/var/runtime");
  assign(variables, "AWS_REGION", config.region);
  assign(variables, "AWS_DEFAULT_REGION", config.region);
  assign(variables, "AWS_LAMBDA_FUNCTION_NAME", config.name);
  assign(variables, "AWS_LAMBDA_FUNCTION_VERSION", config.version);
  assign(variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(config.memory_mb));
  assign(variables, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
  assign(variables, "AWS_LAMBDA_LOG_GROUP_NAME", config.log_group);
  assign(variables, "AWS_LAMBDA_LOG_STREAM_NAME", config.log_stream);
  assign(variables, "_AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1");
  assign(variables, "_AWS_XRAY_DAEMON_PORT", "2000");
  assign(variables, "AWS_LAMBDA_RUNTIME_API", runtime_api);
}

}  // namespace

Result<UserVariables> resolve_user_variables(std::span<const EnvironmentEntry> entries,
                                             const EnvironmentLookup& environment) {
  UserVariables user;
  for (const EnvironmentEntry& entry : entries) {
    Result<bool> kept = admit(entry, user.notes);
    LEMU_TRY(kept);
    if (!*kept) continue;
    const std::optional<std::string> value = entry.value ? entry.value : environment(entry.name);
    if (value)
      assign(user.variables, entry.name, *value);
    else if (entry.origin == kEnvOption)
      return fail<"env-not-set">(at<"name">(entry.name));
    else
      user.notes.push_back(entry.origin + ": " + entry.name +
                           " is left out: it has no value here and none in your environment");
  }
  LEMU_TRY(check_total(user.variables));
  return user;
}

// The names, values and precedence are those AWS shows on provided.al2023 (recorded in January 2026): no
// HOME, no PWD, no AWS_EXECUTION_ENV.
std::vector<Variable> function_variables(const FunctionConfig& config, const UserVariables& user,
                                         const Credentials& credentials, std::string_view runtime_api) {
  std::vector<Variable> variables;
  add_overridable(variables);
  for (const Variable& variable : user.variables) assign(variables, variable.name, variable.value);
  add_credentials(variables, credentials);
  add_platform(variables, config, runtime_api);
  return variables;
}

}  // namespace lemu::emulator
