// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/command_line.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator::cli;
using Words = std::vector<std::string>;

namespace {

std::string refusal(const Words& arguments) {
  lemu::Result<Command> command = parse_command_line(arguments);
  if (command) return "accepted";
  CHECK(command.error().kind == lemu::ErrorKind::bad_usage);
  return command.error().message + " | " + command.error().remedy;
}

ShowText shown(const Words& arguments) {
  lemu::Result<Command> command = parse_command_line(arguments);
  REQUIRE(command);
  REQUIRE(std::holds_alternative<ShowText>(*command));
  return std::get<ShowText>(*command);
}

}  // namespace

TEST_CASE("each command has its options") {
  lemu::Result<Command> invoke = parse_command_line(Words{"invoke", "x", "--data", "{}"});
  REQUIRE(invoke);
  REQUIRE(std::holds_alternative<InvokeOptions>(*invoke));
  CHECK(std::get<InvokeOptions>(*invoke).function.description.target == "x");
  lemu::Result<Command> shell = parse_command_line(Words{"shell", "x"});
  REQUIRE(shell);
  CHECK(std::holds_alternative<ShellOptions>(*shell));
  lemu::Result<Command> doctor = parse_command_line(Words{"doctor", "--json"});
  REQUIRE(doctor);
  REQUIRE(std::holds_alternative<DoctorOptions>(*doctor));
  CHECK(std::get<DoctorOptions>(*doctor).json);
}

TEST_CASE("help and version are shown") {
  CHECK(shown({"--version"}).text == "lemu " LEMU_VERSION "\n");
  CHECK(shown({"--help"}).code == ExitCode::success);
  CHECK(shown({"-h"}).text == shown({"help"}).text);
  for (const char* part :
       {"invoke", "shell", "doctor", "Exit codes:", "lemu invoke --arch arm64 ./bootstrap"}) {
    CAPTURE(part);
    CHECK(shown({"--help"}).text.find(part) != std::string::npos);
  }
  CHECK(shown({"help", "invoke"}).text == shown({"invoke", "--help"}).text);
  CHECK(shown({"doctor", "--help"}).text.starts_with("Usage: lemu doctor"));
}

TEST_CASE("lemu alone shows how it is used, as wrong usage") {
  CHECK(shown({}).code == ExitCode::bad_usage);
  CHECK(shown({}).text == shown({"--help"}).text);
}

TEST_CASE("unknown commands and misplaced options are answered with what was meant") {
  struct Row {
    Words arguments;
    const char* refusal;
  };
  const Row rows[] = {
      {{"invok", "x"}, "unknown command 'invok'; did you mean 'invoke'? | 'lemu --help' lists the commands"},
      {{"inovke"}, "unknown command 'inovke'; did you mean 'invoke'? | 'lemu --help' lists the commands"},
      {{"fly"}, "unknown command 'fly' | 'lemu --help' lists the commands"},
      {{"./bootstrap"}, "'./bootstrap' is no command of lemu | to run it: lemu invoke ./bootstrap"},
      {{"f.zip"}, "'f.zip' is no command of lemu | to run it: lemu invoke f.zip"},
      {{"--arch", "arm64"},
       "unknown option '--arch' | options stand behind the command: lemu invoke --arch ..."},
      {{"doctor", "x"}, "unexpected argument 'x' | usage: lemu doctor [options]"},
      {{"doctor", "--jsn"},
       "unknown option '--jsn'; did you mean '--json'? | 'lemu doctor --help' lists the options"},
      {{"help", "fly"}, "unknown command 'fly' | 'lemu --help' lists the commands"},
  };
  for (const Row& row : rows) CHECK(refusal(row.arguments) == row.refusal);
}
