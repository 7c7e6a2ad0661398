// SPDX-License-Identifier: Apache-2.0
// FunctionConfig: what Lambda would know about a function before it runs it. make_function_config fills what
// a description leaves open with Lambda's defaults and holds all of it to Lambda's limits. Plain values; any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"
#include "emulator/function/description.hpp"
#include "emulator/function/user_environment.hpp"

namespace lemu::emulator {

/// The version of a function that was not published.
inline constexpr std::string_view kLatestVersion = "$LATEST";

/// A function's complete configuration.
struct FunctionConfig {
  std::string target;        ///< as described
  std::optional<Arch> arch;  ///< as described
  std::string name;
  std::string version{kLatestVersion};  ///< with `name`, which function this is
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

/// What a configuration depends on besides the description.
struct FunctionSurroundings {
  std::string target;                         ///< the description's as an absolute path: names the function
  EnvironmentLookup environment;              ///< AWS_REGION, then AWS_DEFAULT_REGION, are the default region
  std::chrono::system_clock::time_point now;  ///< dates the log stream
  std::string log_stream_id;                  ///< 32 lower-case hex digits
};

/// The configuration, or bad_usage naming the setting, its value and Lambda's limit ("AWS Lambda quotas", and
/// the constraints of the API's CreateFunction).
///
/// Lambda's timeouts are whole seconds from 1 to 900. A shorter or a fractional one is useful to test what a
/// timeout does, so it is accepted with a note; a longer one is refused, because a function that needs it
/// cannot work there.
[[nodiscard]] Result<FunctionConfig> make_function_config(const FunctionDescription& description,
                                                          const FunctionSurroundings& surroundings);

/// YYYY/MM/DD/[VERSION]ID, in UTC.
[[nodiscard]] std::string log_stream_name(std::string_view version, std::chrono::system_clock::time_point now,
                                          std::string_view id);

/// A legal function name made from a target's path: the file's name without ".zip"; for a file called
/// `bootstrap`, which says nothing, the name of its folder. Letters Lambda refuses become '-'; "function"
/// when nothing is left.
[[nodiscard]] std::string default_function_name(std::string_view target);

}  // namespace lemu::emulator
