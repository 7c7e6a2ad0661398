// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/credentials.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "base/syscall.hpp"

using namespace lemu::emulator;

namespace {

EnvironmentLookup environment(std::map<std::string, std::string> variables) {
  return [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

const std::string kFile =
    "# mine\n"
    "[default]\n"
    "aws_access_key_id = AKIADEFAULT\r\n"
    "aws_secret_access_key=a/b=c\n"
    "\n"
    "[ work ]\n"
    "; a comment\n"
    "aws_access_key_id=ASIAWORK\n"
    "aws_secret_access_key=secret\n"
    "aws_session_token=token==\n"
    "region=eu-west-1\n"
    "[half]\n"
    "aws_access_key_id=AKIAHALF\n"
    "[assumed]\n"
    "role_arn=arn:aws:iam::123456789012:role/x\n";

std::string refusal(const lemu::Result<Credentials>& credentials) {
  return credentials ? "found" : credentials.error().message;
}

}  // namespace

TEST_CASE("without a wish the keys are dummies, complete and readable as such") {
  const EnvironmentLookup user =
      environment({{"AWS_ACCESS_KEY_ID", "AKIAREAL"}, {"AWS_SECRET_ACCESS_KEY", "real"}});
  lemu::Result<Credentials> dummies = find_credentials(CredentialsSource::none, user);
  REQUIRE(dummies);
  CHECK(dummies->access_key_id.find("DUMMY") != std::string::npos);
  CHECK(dummies->access_key_id.size() == 20);
  CHECK(dummies->secret_access_key.find("dummy") != std::string::npos);
  CHECK(dummies->secret_access_key.size() == 40);
  CHECK(dummies->session_token.find("dummy") != std::string::npos);
}

TEST_CASE("keys of the user's environment, when all that is needed is there") {
  const EnvironmentLookup user = environment({{"AWS_ACCESS_KEY_ID", "AKIA"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
  lemu::Result<Credentials> found = find_credentials(CredentialsSource::environment, user);
  REQUIRE(found);
  CHECK(found->access_key_id == "AKIA");
  CHECK(found->secret_access_key == "s");
  CHECK(found->session_token.empty());
  CHECK(refusal(find_credentials(CredentialsSource::environment, environment({}))) ==
        "--aws-credentials env: AWS_ACCESS_KEY_ID is not set in your environment");
  CHECK(refusal(
            find_credentials(CredentialsSource::environment, environment({{"AWS_ACCESS_KEY_ID", "AKIA"}}))) ==
        "--aws-credentials env: AWS_SECRET_ACCESS_KEY is not set in your environment");
}

TEST_CASE("profiles of the shared credentials file") {
  struct Row {
    const char* profile;
    const char* outcome;
    const char* key;
    const char* token;
  };
  const Row rows[] = {
      {"default", "found", "AKIADEFAULT", ""},
      {"work", "found", "ASIAWORK", "token=="},
      {"half", "--aws-credentials profile: F: profile [half] has no aws_secret_access_key", "", ""},
      {"none", "--aws-credentials profile: F has no profile [none]", "", ""},
      {"assumed",
       "--aws-credentials profile: F: profile [assumed] gets its keys from a role, SSO or a program, which "
       "lemu does "
       "not run",
       "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.profile);
    lemu::Result<Credentials> found = parse_credentials_file(kFile, "F", row.profile);
    CHECK(refusal(found) == row.outcome);
    CHECK((found ? found->access_key_id : "") == row.key);
    CHECK((found ? found->session_token : "") == row.token);
  }
  CHECK(parse_credentials_file(kFile, "F", "default")->secret_access_key == "a/b=c");
}

TEST_CASE("the credentials file is where AWS's tools look for it") {
  char folder[] = "/tmp/lemu-test-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string home = folder;
  std::filesystem::create_directory(home + "/.aws");
  REQUIRE(lemu::write_file(home + "/.aws/credentials", kFile));
  lemu::Result<Credentials> at_home =
      find_credentials(CredentialsSource::profile, environment({{"HOME", home}}));
  lemu::Result<Credentials> named = find_credentials(
      CredentialsSource::profile,
      environment({{"AWS_SHARED_CREDENTIALS_FILE", home + "/.aws/credentials"}, {"AWS_PROFILE", "work"}}));
  lemu::Result<Credentials> missing = find_credentials(
      CredentialsSource::profile, environment({{"AWS_SHARED_CREDENTIALS_FILE", home + "/nothing"}}));
  std::filesystem::remove_all(home);
  REQUIRE(at_home);
  CHECK(at_home->access_key_id == "AKIADEFAULT");
  REQUIRE(named);
  CHECK(named->access_key_id == "ASIAWORK");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == lemu::ErrorKind::bad_usage);
  CHECK(missing.error().message.find(home + "/nothing: No such file") != std::string::npos);
}
