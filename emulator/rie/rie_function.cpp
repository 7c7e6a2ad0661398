// SPDX-License-Identifier: Apache-2.0
#include "emulator/rie/rie_function.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>

#include "emulator/rie/errors.hpp"

namespace lemu::emulator {
namespace {

constexpr std::array<const char*, 3> kBootstraps{"/var/task/bootstrap", "/opt/bootstrap",
                                                 "/var/runtime/bootstrap"};
constexpr const char* kTaskRoot = "/var/task";

/// A variable that is empty counts as one that is not set.
std::string value_or(const EnvironmentLookup& environment, std::string_view name,
                     const std::string& fallback) {
  std::optional<std::string> value = environment(name);
  return value && !value->empty() ? *value : fallback;
}

std::string first_bootstrap() {
  std::error_code code;
  for (const char* path : kBootstraps)
    if (std::filesystem::exists(path, code) && !std::filesystem::is_directory(path, code)) return path;
  return kBootstraps[0];
}

/// As a shell finds it; the word itself where there is none, so that its exec tells why.
std::string on_path(const std::string& word, const EnvironmentLookup& environment) {
  if (word.find('/') != std::string::npos) return word;
  const std::string path = value_or(environment, "PATH", "/usr/local/bin:/usr/bin:/bin");
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t colon = std::min(path.find(':', from), path.size());
    std::string candidate = path.substr(from, colon - from) + "/" + word;
    std::error_code code;
    if (std::filesystem::is_regular_file(candidate, code) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
    from = colon + 1;
  }
  return word;
}

}  // namespace

Result<RieFunction> rie_function(const RieSettings& options, const EnvironmentLookup& environment) {
  RieFunction function;
  function.command = options.command;
  if (function.command.empty()) {
    function.command = {first_bootstrap()};
    function.working_folder = kTaskRoot;
  } else {
    std::error_code code;
    function.working_folder = std::filesystem::current_path(code).string();
    if (code) function.working_folder = kTaskRoot;
  }
  if (function.command.size() > 1) function.handler = function.command.back();
  function.command[0] = on_path(function.command[0], environment);
  function.name = value_or(environment, "AWS_LAMBDA_FUNCTION_NAME", "test_function");
  function.version = value_or(environment, "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
  function.memory_size = value_or(environment, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008");
  const std::string timeout = value_or(environment, "AWS_LAMBDA_FUNCTION_TIMEOUT", "300");
  std::uint32_t seconds = 0;
  const std::from_chars_result read =
      std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);
  if (read.ec != std::errc() || read.ptr != timeout.data() + timeout.size() || seconds == 0)
    return fail<"rie-timeout">(at<"value">(timeout));
  function.timeout = std::chrono::seconds(seconds);
  return function;
}

std::vector<std::string> rie_variables(const RieFunction& function, std::span<const std::string> own,
                                       const std::string& runtime_api) {
  std::map<std::string, std::string> variables{{"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/Functions"},
                                               {"AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST"},
                                               {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008"},
                                               // Set in any case, as aws-lambda-rie does.
                                               {"AWS_ACCESS_KEY_ID", ""},
                                               {"AWS_SECRET_ACCESS_KEY", ""},
                                               {"AWS_SESSION_TOKEN", ""}};
  for (const std::string& entry : own) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  // The variables win over the command line.
  const std::string& asked = variables["AWS_LAMBDA_FUNCTION_HANDLER"];
  if (!asked.empty())
    variables["_HANDLER"] = asked;
  else
    variables.erase("AWS_LAMBDA_FUNCTION_HANDLER");
  if (variables["_HANDLER"].empty()) variables["_HANDLER"] = function.handler;
  variables["AWS_LAMBDA_FUNCTION_NAME"] = function.name;
  variables["AWS_LAMBDA_FUNCTION_VERSION"] = function.version;
  variables["AWS_LAMBDA_RUNTIME_API"] = runtime_api;
  std::vector<std::string> entries;
  for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
  return entries;
}

}  // namespace lemu::emulator
