// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/credentials.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/input_file.hpp"
#include "base/words.hpp"
#include "emulator/function/errors.hpp"

namespace lemu::emulator {
namespace {

constexpr std::size_t kFileLimit = 1024 * 1024;

/// Shaped like a role's keys, so that SDKs take them, and readable as what they are.
Credentials dummies() {
  return {"ASIALEMUDUMMYKEY0000", "lemu-dummy-secret-not-valid-at-any-aws-0",
          "lemu-dummy-session-token-not-valid-at-aws"};
}

constexpr std::string_view kBlanks = " \t\r";

std::string value_or_empty(const EnvironmentLookup& environment, std::string_view name) {
  return environment(name).value_or("");
}

Result<Credentials> from_environment(const EnvironmentLookup& environment) {
  Credentials found{value_or_empty(environment, "AWS_ACCESS_KEY_ID"),
                    value_or_empty(environment, "AWS_SECRET_ACCESS_KEY"),
                    value_or_empty(environment, "AWS_SESSION_TOKEN")};
  if (found.access_key_id.empty() || found.secret_access_key.empty())
    return fail<"credentials-not-in-environment">(
        at<"variable">(found.access_key_id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
  return found;
}

/// Where AWS's own tools look: the shared credentials file, in the home folder unless named.
Result<std::string> credentials_path(const EnvironmentLookup& environment) {
  const std::string home = value_or_empty(environment, "HOME");
  std::string named = value_or_empty(environment, "AWS_SHARED_CREDENTIALS_FILE");
  if (named.starts_with("~/") && !home.empty()) named.replace(0, 1, home);
  if (!named.empty()) return named;
  if (home.empty()) return fail<"credentials-without-home">();
  return home + "/.aws/credentials";
}

Result<Credentials> from_profile(const EnvironmentLookup& environment) {
  Result<std::string> path = credentials_path(environment);
  LEMU_TRY(path);
  std::string profile = value_or_empty(environment, "AWS_PROFILE");
  if (profile.empty()) profile = "default";
  Result<std::string> text = read_input(*path, kFileLimit);
  if (!text) return fail<"credentials-file-not-read">(at<"reason">(text.error().message));
  return parse_credentials_file(*text, *path, profile);
}

struct Section {
  bool found = false;
  bool has_other_provider = false;
  Credentials credentials;
};

void take_line(std::string_view line, Section& section) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view key = trimmed(line.substr(0, equals), kBlanks);
  const std::string value(trimmed(line.substr(equals + 1), kBlanks));
  if (key == "aws_access_key_id") section.credentials.access_key_id = value;
  if (key == "aws_secret_access_key") section.credentials.secret_access_key = value;
  if (key == "aws_session_token") section.credentials.session_token = value;
  if (key == "role_arn" || key == "credential_process" || key.starts_with("sso_"))
    section.has_other_provider = true;
}

Section read_section(std::string_view text, std::string_view profile) {
  Section section;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end), kBlanks);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::size_t close = line.find(']');
      inside = close != std::string_view::npos && trimmed(line.substr(1, close - 1), kBlanks) == profile;
      section.found = section.found || inside;
    } else if (inside) {
      take_line(line, section);
    }
  }
  return section;
}

}  // namespace

Result<Credentials> parse_credentials_file(std::string_view text, std::string_view path,
                                           std::string_view profile) {
  Section section = read_section(text, profile);
  const std::string name = "[" + std::string(profile) + "]";
  if (!section.found) return fail<"credentials-no-profile">(at<"path">(path), at<"profile">(name));
  if (!section.credentials.access_key_id.empty() && !section.credentials.secret_access_key.empty())
    return section.credentials;
  const std::string missing =
      section.credentials.access_key_id.empty() ? "aws_access_key_id" : "aws_secret_access_key";
  if (section.has_other_provider)
    return fail<"credentials-from-elsewhere">(at<"path">(path), at<"profile">(name));
  return fail<"credentials-incomplete">(at<"path">(path), at<"profile">(name), at<"key">(missing));
}

Result<Credentials> find_credentials(CredentialsSource source, const EnvironmentLookup& environment) {
  switch (source) {
    case CredentialsSource::none: return dummies();
    case CredentialsSource::environment: return from_environment(environment);
    case CredentialsSource::profile: return from_profile(environment);
  }
  throw std::logic_error("unknown source of credentials");
}

}  // namespace lemu::emulator
