// SPDX-License-Identifier: Apache-2.0
// FunctionConfig: what Lambda would know about a function before it runs it. FunctionSettings: the part of it
// that a user said; make_function_config fills the rest with Lambda's defaults and holds all of it to
// Lambda's limits. Plain values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "emulator/function/user_environment.hpp"

namespace lemu::emulator {

/// What the user asked for; what is absent takes its default.
struct FunctionSettings {
  std::optional<std::string> name = {};
  std::optional<std::string> region = {};
  std::optional<std::string> account_id = {};
  std::optional<std::string> handler = {};
  std::optional<std::uint64_t> memory_mb = {};
  std::optional<std::chrono::milliseconds> timeout = {};
  std::optional<std::uint64_t> ephemeral_storage_mb = {};
};

/// A function's complete configuration.
struct FunctionConfig {
  std::string name;
  std::string version = "$LATEST";
  std::string region;
  std::string account_id;
  std::string handler;
  std::uint64_t memory_mb = 128;             ///< Lambda's MB are MiB
  std::chrono::milliseconds timeout{3000};   ///< as configured; a timeout scale is not in it
  std::uint64_t ephemeral_storage_mb = 512;  ///< size of /tmp
  std::string arn;                           ///< unqualified: arn:aws:lambda:REGION:ACCOUNT:function:NAME
  std::string log_group;                     ///< /aws/lambda/NAME
  std::string log_stream;                    ///< YYYY/MM/DD/[$LATEST]<32 hex>, in UTC
  std::vector<std::string> notes;            ///< what the user should be told once, as sentences
};

/// What a configuration depends on besides the user's settings.
struct FunctionSurroundings {
  std::string target;             ///< absolute path of the bootstrap, folder or zip: names the function
  EnvironmentLookup environment;  ///< AWS_REGION, then AWS_DEFAULT_REGION, are the default region
  std::chrono::system_clock::time_point now;  ///< dates the log stream
  std::string log_stream_id;                  ///< 32 lower-case hex digits
};

/// The configuration, or bad_usage naming the setting, its value and Lambda's limit ("AWS Lambda quotas", and
/// the constraints of the API's CreateFunction).
///
/// Lambda's timeouts are whole seconds from 1 to 900. A shorter or a fractional one is useful to test what a
/// timeout does, so it is accepted with a note; a longer one is refused, because a function that needs it
/// cannot work there.
[[nodiscard]] Result<FunctionConfig> make_function_config(const FunctionSettings& settings,
                                                          const FunctionSurroundings& surroundings);

/// YYYY/MM/DD/[VERSION]ID, in UTC.
[[nodiscard]] std::string log_stream_name(std::string_view version, std::chrono::system_clock::time_point now,
                                          std::string_view id);

/// A legal function name made from a target's path: the file's name without ".zip"; for a file called
/// `bootstrap`, which says nothing, the name of its folder. Letters Lambda refuses become '-'; "function"
/// when nothing is left.
[[nodiscard]] std::string default_function_name(std::string_view target);

}  // namespace lemu::emulator
