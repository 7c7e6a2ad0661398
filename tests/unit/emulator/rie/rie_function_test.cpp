// SPDX-License-Identifier: Apache-2.0
#include "emulator/rie/rie_function.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace lemu::emulator;
using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

namespace {

lemu::Result<RieFunction> made(const Words& command, const Variables& variables) {
  RieSettings options;
  options.command = command;
  return rie_function(options, [&variables](std::string_view name) -> std::optional<std::string> {
    const Variables::const_iterator found = variables.find(std::string(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

/// Of the function's environment.
std::string variable(const Words& command, const Variables& variables, const std::string& name) {
  lemu::Result<RieFunction> function = made(command, variables);
  REQUIRE(function);
  Words own;
  for (const auto& [key, value] : variables) own.push_back(key + "=" + value);
  for (const std::string& entry : rie_variables(*function, own, "127.0.0.1:9001"))
    if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
  return "absent";
}

}  // namespace

TEST_CASE("the handler: the variables win over the last of several words") {
  CHECK(variable({"/b"}, {}, "_HANDLER") == "");
  CHECK(variable({"/b", "word.h"}, {}, "_HANDLER") == "word.h");
  CHECK(variable({"/b", "word.h"}, {{"_HANDLER", "own.h"}}, "_HANDLER") == "own.h");
  CHECK(variable({"/b", "word.h"}, {{"_HANDLER", "own.h"}, {"AWS_LAMBDA_FUNCTION_HANDLER", "first.h"}},
                 "_HANDLER") == "first.h");
}

TEST_CASE("the defaults are aws-lambda-rie's, and an empty variable is none") {
  const Variables empty{{"AWS_LAMBDA_FUNCTION_NAME", ""}, {"AWS_LAMBDA_FUNCTION_TIMEOUT", ""}};
  lemu::Result<RieFunction> function = made({"/b"}, empty);
  REQUIRE(function);
  CHECK(function->name == "test_function");
  CHECK(function->version == "$LATEST");
  CHECK(function->memory_size == "3008");
  CHECK(function->timeout == std::chrono::seconds(300));
  CHECK(variable({"/b"}, empty, "AWS_LAMBDA_LOG_GROUP_NAME") == "/aws/lambda/Functions");
  CHECK(variable({"/b"}, empty, "AWS_ACCESS_KEY_ID") == "");
  CHECK(variable({"/b"}, empty, "AWS_LAMBDA_RUNTIME_API") == "127.0.0.1:9001");
  CHECK(variable({"/b"}, {{"OWN", "a=b"}}, "OWN") == "a=b");
}

TEST_CASE("a timeout is whole seconds") {
  for (const char* text : {"0", "1.5", "x", "-1"}) {
    CAPTURE(text);
    CHECK_FALSE(made({"/b"}, {{"AWS_LAMBDA_FUNCTION_TIMEOUT", text}}));
  }
}

TEST_CASE("a program without a slash is looked for on PATH; one that is not there keeps its name") {
  CHECK(made({"sh"}, {{"PATH", "/nowhere:/bin"}})->command[0] == "/bin/sh");
  CHECK(made({"no-such-program"}, {{"PATH", "/bin"}})->command[0] == "no-such-program");
}
