// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/variables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace lemu::emulator;

namespace {

const EnvironmentLookup kUser = [](std::string_view name) -> std::optional<std::string> {
  return name == "FROM_OUTSIDE" ? std::optional<std::string>("outside") : std::nullopt;
};

FunctionConfig config() {
  FunctionConfig made;
  made.name = "f";
  made.region = "eu-west-1";
  made.handler = "bootstrap";
  made.memory_mb = 256;
  made.log_group = "/aws/lambda/f";
  made.log_stream = "2026/01/13/[$LATEST]aa";
  return made;
}

std::string refusal(const std::string& name, const std::string& value = "v") {
  const EnvironmentEntry entry{name, value, "--env"};
  lemu::Result<UserVariables> user = resolve_user_variables({&entry, 1}, kUser);
  if (user) return user->notes.empty() ? "accepted" : user->notes[0];
  CHECK(user.error().kind == lemu::ErrorKind::bad_usage);
  return user.error().message + " | " + user.error().remedy;
}

}  // namespace

TEST_CASE("the function sees what AWS shows on provided.al2023, and nothing else") {
  const std::vector<Variable> made =
      function_variables(config(), {}, {"KEY", "SECRET", "TOKEN"}, "127.0.0.1:9001");
  const std::vector<Variable> expected = {
      {"LANG", "en_US.UTF-8"},
      {"TZ", ":UTC"},
      {"PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"},
      {"LD_LIBRARY_PATH",
       "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"},
      {"AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"},
      {"AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000"},
      {"AWS_ACCESS_KEY_ID", "KEY"},
      {"AWS_SECRET_ACCESS_KEY", "SECRET"},
      {"AWS_SESSION_TOKEN", "TOKEN"},
      {"_HANDLER", "bootstrap"},
      {"LAMBDA_TASK_ROOT", "/var/task"},
      {"LAMBDA_RUNTIME_DIR", "/var/runtime"},
      {"AWS_REGION", "eu-west-1"},
      {"AWS_DEFAULT_REGION", "eu-west-1"},
      {"AWS_LAMBDA_FUNCTION_NAME", "f"},
      {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
      {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"},
      {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
      {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"},
      {"AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/13/[$LATEST]aa"},
      {"_AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1"},
      {"_AWS_XRAY_DAEMON_PORT", "2000"},
      {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"},
  };
  CHECK(made == expected);
}

TEST_CASE("a user's variable replaces an overridable one, and each name comes once") {
  const std::vector<EnvironmentEntry> entries = {{"PATH", "/opt/bin", "f:1"},
                                                 {"MINE", "1", "f:2"},
                                                 {"TZ", "Europe/Berlin", "--env"},
                                                 {"MINE", "2", "--env"}};
  lemu::Result<UserVariables> user = resolve_user_variables(entries, kUser);
  REQUIRE(user);
  const std::vector<Variable> settled = {{"PATH", "/opt/bin"}, {"MINE", "2"}, {"TZ", "Europe/Berlin"}};
  CHECK(user->variables == settled);
  const std::vector<Variable> all = function_variables(config(), *user, {"K", "S", ""}, "h:1");
  std::set<std::string> names;
  for (const Variable& variable : all) CHECK(names.insert(variable.name).second);
  CHECK(names.count("AWS_SESSION_TOKEN") == 0);
  CHECK(std::find(all.begin(), all.end(), Variable{"PATH", "/opt/bin"}) != all.end());
  CHECK(std::find(all.begin(), all.end(), Variable{"TZ", "Europe/Berlin"}) != all.end());
}

TEST_CASE("names Lambda reserves are refused with what to use instead") {
  struct Row {
    const char* name;
    const char* remedy;
  };
  const Row rows[] = {
      {"_HANDLER", "use --handler"},
      {"AWS_REGION", "use --region"},
      {"AWS_DEFAULT_REGION", "use --region"},
      {"AWS_LAMBDA_FUNCTION_NAME", "use --name"},
      {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "use --memory"},
      {"AWS_SECRET_ACCESS_KEY",
       "remove it; --aws-credentials env or --aws-credentials profile gives the function yours"},
      {"AWS_LAMBDA_RUNTIME_API", "remove it: Lambda sets it itself"},
      {"LAMBDA_TASK_ROOT", "remove it: Lambda sets it itself"},
  };
  for (const Row& row : rows)
    CHECK(refusal(row.name) == "--env: " + std::string(row.name) +
                                   " is reserved by Lambda, which refuses a function that sets it | " +
                                   row.remedy);
}

TEST_CASE("names are held to CreateFunction's pattern") {
  for (const char* good : {"LANG", "PATH", "LD_LIBRARY_PATH", "TZ", "AWS_XRAY_CONTEXT_MISSING", "NODE_PATH",
                           "AWS_LAMBDA_LOG_LEVEL", "a1", "Ab_9"})
    CHECK(refusal(good) == "accepted");
  for (const char* bad : {"9A", "A", "A-B", "A.B",
                          "\xC3\x9C"
                          "X"})
    CHECK(refusal(bad).find("names must match [a-zA-Z]([a-zA-Z0-9_])+") != std::string::npos);
  CHECK(refusal("_MINE") == "--env: _MINE is left out: names that start with '_' are Lambda's");
}

TEST_CASE("a bare name takes the user's value, or is left out with a note") {
  const std::vector<EnvironmentEntry> entries = {{"FROM_OUTSIDE", std::nullopt, "f:1"},
                                                 {"NOT_THERE", std::nullopt, "f:2"}};
  lemu::Result<UserVariables> user = resolve_user_variables(entries, kUser);
  REQUIRE(user);
  CHECK(user->variables == std::vector<Variable>{{"FROM_OUTSIDE", "outside"}});
  REQUIRE(user->notes.size() == 1);
  CHECK(user->notes[0] == "f:2: NOT_THERE is left out: it has no value here and none in your environment");
}

TEST_CASE("--env with a name alone that has no value here is a mistake") {
  const std::vector<EnvironmentEntry> entries = {{"NOT_THERE", std::nullopt, "--env"}};
  const lemu::Result<UserVariables> user = resolve_user_variables(entries, kUser);
  REQUIRE_FALSE(user);
  CHECK(user.error().message == "--env NOT_THERE: NOT_THERE is not set in your environment");
}

TEST_CASE("four kilobytes are the limit, measured as Lambda measures them") {
  const std::string frame = R"({"AB":""})";
  const std::string fits(4096 - frame.size(), 'x');
  CHECK(refusal("AB", fits) == "accepted");
  CHECK(refusal("AB", fits + "x")
            .starts_with(
                "Lambda was unable to configure your environment variables because the environment variables "
                "you have provided exceeded the 4KB limit. String measured: {\"AB\":\"xxx"));
}
