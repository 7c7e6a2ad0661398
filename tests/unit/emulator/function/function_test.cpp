// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/function.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "base/syscall.hpp"

using namespace lemu::emulator;
using namespace std::chrono_literals;

namespace {

struct Folder {
  std::string path = "/tmp/lemu-test-XXXXXX";
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    REQUIRE(lemu::write_file(path + "/" + name, text));
    return path + "/" + name;
  }
};

std::optional<std::string> nothing_set(std::string_view) { return std::nullopt; }

lemu::Result<Function> resolved(const FunctionDescription& description) {
  return resolve_function(description, nothing_set, std::string(32, 'a'));
}

}  // namespace

TEST_CASE("a description that says nothing but a target takes Lambda's defaults") {
  const lemu::Result<Function> function = resolved({.target = "some/hello.zip"});
  REQUIRE(function);
  CHECK(function->config.target == "some/hello.zip");
  CHECK_FALSE(function->config.arch);
  CHECK(function->config.name == "hello");
  CHECK(function->config.version == kLatestVersion);
  CHECK(function->config.log_stream.ends_with("/[$LATEST]" + std::string(32, 'a')));
  CHECK(function->variables.variables.empty());
  CHECK_FALSE(function->credentials.access_key_id.empty());
}

TEST_CASE("a later env file wins over an earlier one, and an option over both") {
  const Folder folder;
  const lemu::Result<Function> function =
      resolved({.target = "hello",
                .env_files = {folder.file("1", "A1=1\nB1=1\nC1=1\n"), folder.file("2", "A1=2\nB1=2\n")},
                .env = {{"A1", "3", "--env"}}});
  REQUIRE(function);
  const std::vector<Variable> expected{{"A1", "3"}, {"B1", "2"}, {"C1", "1"}};
  CHECK(function->variables.variables == expected);
}

TEST_CASE("the function's own section of a JSON env file is found by the resolved name") {
  const Folder folder;
  const lemu::Result<Function> function = resolved(
      {.target = "dir/hello/bootstrap",
       .env_files = {folder.file("env.json", R"({"hello": {"A1": "mine"}, "other": {"A1": "no"}})")}});
  REQUIRE(function);
  CHECK(function->variables.variables == std::vector<Variable>{{"A1", "mine"}});
}

TEST_CASE("what cannot be resolved is an error") {
  struct Row {
    FunctionDescription description;
    const char* says;
  };
  const Row rows[] = {
      {{.target = "x", .memory_mb = 64}, "64"},
      {{.target = "x", .env_files = {"/nowhere/at/all"}}, "/nowhere/at/all"},
      {{.target = "x", .env = {{"AWS_REGION", "eu-west-1", "--env"}}}, "AWS_REGION"},
      {{.target = "x", .credentials = CredentialsSource::environment}, "AWS_ACCESS_KEY_ID"},
  };
  for (const Row& row : rows) {
    const lemu::Result<Function> function = resolved(row.description);
    REQUIRE_FALSE(function);
    CHECK_MESSAGE(function.error().message.find(row.says) != std::string::npos, function.error().message);
  }
}
