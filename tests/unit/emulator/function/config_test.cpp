// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/config.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace lemu::emulator;
using namespace std::chrono_literals;

namespace {

FunctionSurroundings surroundings(std::map<std::string, std::string> environment = {}) {
  const EnvironmentLookup lookup = [environment](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  const std::chrono::sys_days day = std::chrono::year{2026} / 2 / 3;
  return {"/home/me/hello/bootstrap", lookup, day + 23h + 59min, std::string(32, 'a')};
}

std::string refusal(const FunctionDescription& settings) {
  lemu::Result<FunctionConfig> config = make_function_config(settings, surroundings());
  if (config) return "accepted";
  CHECK(config.error().kind == lemu::ErrorKind::bad_usage);
  return config.error().message + " | " + config.error().remedy;
}

}  // namespace

TEST_CASE("what the user leaves open takes Lambda's defaults") {
  lemu::Result<FunctionConfig> config = make_function_config({}, surroundings());
  REQUIRE(config);
  CHECK(config->name == "hello");
  CHECK(config->version == "$LATEST");
  CHECK(config->region == "us-east-1");
  CHECK(config->handler == "bootstrap");
  CHECK(config->memory_mb == 128);
  CHECK(config->timeout == 3s);
  CHECK(config->ephemeral_storage_mb == 512);
  CHECK(config->arn == "arn:aws:lambda:us-east-1:123456789012:function:hello");
  CHECK(config->log_group == "/aws/lambda/hello");
  CHECK(config->log_stream == "2026/02/03/[$LATEST]aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  CHECK(config->notes.empty());
}

TEST_CASE("the region is the option's, else AWS_REGION's, else AWS_DEFAULT_REGION's") {
  struct Row {
    std::optional<std::string> option;
    std::map<std::string, std::string> environment;
    const char* region;
    const char* partition;
  };
  const Row rows[] = {
      {std::nullopt, {{"AWS_DEFAULT_REGION", "eu-west-1"}}, "eu-west-1", "arn:aws:"},
      {std::nullopt,
       {{"AWS_REGION", "eu-west-2"}, {"AWS_DEFAULT_REGION", "eu-west-1"}},
       "eu-west-2",
       "arn:aws:"},
      {std::nullopt, {{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", "eu-west-1"}}, "eu-west-1", "arn:aws:"},
      {"cn-north-1", {{"AWS_REGION", "eu-west-2"}}, "cn-north-1", "arn:aws-cn:"},
      {"us-gov-west-1", {}, "us-gov-west-1", "arn:aws-us-gov:"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.region);
    lemu::Result<FunctionConfig> config =
        make_function_config({.region = row.option}, surroundings(row.environment));
    REQUIRE(config);
    CHECK(config->region == row.region);
    CHECK(config->arn.starts_with(row.partition));
  }
}

TEST_CASE("a wrong region says where it came from") {
  lemu::Result<FunctionConfig> config = make_function_config({}, surroundings({{"AWS_REGION", "Frankfurt"}}));
  REQUIRE_FALSE(config);
  CHECK(config.error().message ==
        "'Frankfurt' (from AWS_REGION of your environment) is not the name of an AWS region");
}

TEST_CASE("Lambda's limits hold at both ends") {
  CHECK(refusal({.memory_mb = 128}) == "accepted");
  CHECK(refusal({.memory_mb = 10'240}) == "accepted");
  CHECK(refusal({.memory_mb = 127}) ==
        "a memory size of 127 MB is outside what Lambda offers: 128 to 10240 MB | --memory 128");
  CHECK(refusal({.memory_mb = 10'241}) ==
        "a memory size of 10241 MB is outside what Lambda offers: 128 to 10240 MB | --memory 10240");
  CHECK(refusal({.timeout = 900s}) == "accepted");
  CHECK(refusal({.timeout = 901s})
            .starts_with("a timeout of 901 s is longer than Lambda's 900 s | --timeout 900"));
  CHECK(refusal({.timeout = 0s}).starts_with("the timeout must be longer than 0"));
  CHECK(refusal({.name = std::string(256, 'n')}) == "accepted");
  CHECK(refusal({.name = std::string(257, 'n')}).find("has 257 characters") != std::string::npos);
  CHECK(refusal({.name = "my function"})
            .ends_with("| for example my-function (lemu invoke: --name my-function)"));
  CHECK(refusal({.name = ""}).starts_with("the function name is empty"));
  CHECK(refusal({.handler = std::string(128, 'h')}) == "accepted");
  CHECK(refusal({.handler = std::string(129, 'h')}).find("129 characters") != std::string::npos);
  CHECK(refusal({.handler = "a b"}).find("holds a space") != std::string::npos);
  CHECK(refusal({.account_id = "12"}).find("12 digits") != std::string::npos);
  CHECK(refusal({.ephemeral_storage_mb = 511}).find("512 to 10240 MB") != std::string::npos);
}

TEST_CASE("a timeout that Lambda could not have is taken with a note") {
  lemu::Result<FunctionConfig> config = make_function_config({.timeout = 250ms}, surroundings());
  REQUIRE(config);
  CHECK(config->timeout == 250ms);
  REQUIRE(config->notes.size() == 1);
  CHECK(config->notes[0] == "a timeout of 250 ms works here only: Lambda takes whole seconds, 1 to 900");
}

TEST_CASE("a function's name is made of its target's") {
  struct Row {
    const char* target;
    const char* name;
  };
  const Row rows[] = {
      {"/home/ada/hello/bootstrap", "hello"},
      {"/home/ada/my fn.zip", "my-fn"},
      {"/home/ada/orders/", "orders"},
      {"/home/ada/orders", "orders"},
      {"/bootstrap", "bootstrap"},
      {"/x/a.b.c", "a-b-c"},
      {"/x/...", "function"},
      {"/", "function"},
      {"/x/handler-arm64", "handler-arm64"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CHECK(default_function_name(row.target) == row.name);
  }
  CHECK(default_function_name("/x/" + std::string(100, 'n')).size() == 64);
}
