// SPDX-License-Identifier: Apache-2.0
// Credentials: the AWS keys a function gets in place of its role's. Dummies unless the user asks for real
// ones. Plain values; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "emulator/function/user_environment.hpp"

namespace lemu::emulator {

enum class CredentialsSource {
  none,         ///< dummies that no AWS endpoint accepts
  environment,  ///< AWS_ACCESS_KEY_ID and its companions of the user's environment
  profile,      ///< AWS_PROFILE, else "default", of ~/.aws/credentials or AWS_SHARED_CREDENTIALS_FILE
};

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty for long-term keys
};

/// bad_usage when what was asked for is not there: names the variable, file, profile or key that is missing.
/// Messages never contain a secret.
[[nodiscard]] Result<Credentials> find_credentials(CredentialsSource source,
                                                   const EnvironmentLookup& environment);

/// The keys of `[profile]` in the text of a shared credentials file; `path` is for messages.
[[nodiscard]] Result<Credentials> parse_credentials_file(std::string_view text, std::string_view path,
                                                         std::string_view profile);

}  // namespace lemu::emulator
