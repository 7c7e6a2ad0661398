// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/rie_options.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;
using namespace lemu::emulator::cli;
using Words = std::vector<std::string>;

namespace {

std::optional<std::string> nothing(std::string_view) { return std::nullopt; }

RieSettings parsed(const Words& words, const EnvironmentLookup& environment = nothing) {
  auto outcome = parse_rie(words, environment);
  REQUIRE(outcome);
  return std::get<RieSettings>(*outcome);
}

}  // namespace

TEST_CASE("an option that aws-lambda-rie does not know is a word of the command") {
  struct Row {
    Words words;
    Words command;
  };
  const std::vector<Row> rows = {
      {{}, {}},
      {{"/b", "app.h"}, {"/b", "app.h"}},
      {{"python3", "-m", "awslambdaric", "app.h"}, {"python3", "-m", "awslambdaric", "app.h"}},
      {{"--log-level", "debug", "/b", "--enable-init-caching", "h"}, {"/b", "h"}},
      {{"/b", "--runtime-api-address=127.0.0.1:9", "--help"}, {"/b", "--help"}},
  };
  for (const Row& row : rows) CHECK(parsed(row.words).command == row.command);
}

TEST_CASE("addresses are what Go listens on") {
  struct Row {
    const char* text;
    const char* host;
    int port;
  };
  for (const Row& row : std::vector<Row>{{"127.0.0.1:80", "127.0.0.1", 80},
                                         {":8080", "", 8080},
                                         {"localhost:1", "127.0.0.1", 1},
                                         {"[::]:8080", "[::]", 8080},
                                         {"[::1]:80", "[::1]", 80}}) {
    CAPTURE(row.text);
    const RieSettings options = parsed({"--runtime-interface-emulator-address", row.text});
    CHECK(options.listen.host == row.host);
    CHECK(options.listen.port == row.port);
  }
  for (const char* text :
       {"8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:80", "[::1:80", "host.test:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rie(Words{"--runtime-interface-emulator-address", text}, nothing));
  }
}

TEST_CASE("further host names, each with a text") {
  CHECK(parsed({"--host-name", "a.test", "--host-name", "b.test"}).host_names ==
        std::vector<std::string>{"a.test", "b.test"});
  CHECK_FALSE(parse_rie(Words{"--host-name", ""}, nothing));
}

TEST_CASE("the level is the option's, else LOG_LEVEL's, which may be a word for the function only") {
  const auto with = [](const char* level) {
    return [level](std::string_view name) {
      return name == "LOG_LEVEL" ? std::optional<std::string>(level) : std::nullopt;
    };
  };
  CHECK(parsed({}).level == RieLevel::info);
  CHECK(parsed({}, with("WARN")).level == RieLevel::warning);
  CHECK(parsed({}, with("chatty")).level == RieLevel::info);
  CHECK(parsed({"--log-level", "Error"}, with("debug")).level == RieLevel::error);
  CHECK_FALSE(parse_rie(Words{"--log-level", "chatty"}, nothing));
}
