// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/exit_code.hpp"

#include <doctest/doctest.h>

#include <csignal>

using lemu::ErrorKind;
using namespace lemu::emulator::cli;

TEST_CASE("each kind of error has its documented exit code") {
  struct Row {
    ErrorKind kind;
    int code;
  };
  const Row rows[] = {
      {ErrorKind::bad_usage, 2},  {ErrorKind::bad_input, 2}, {ErrorKind::invalid_entrypoint, 2},
      {ErrorKind::host_lacks, 3}, {ErrorKind::internal, 4},
  };
  for (const Row& row : rows) CHECK(static_cast<int>(exit_code_of(row.kind)) == row.code);
  CHECK(exit_code_of_signal(SIGINT) == 130);
  CHECK(exit_code_of_signal(SIGTERM) == 143);
}

TEST_CASE("the help names every exit code") {
  const std::string help = exit_codes_help();
  for (const char* code : {"  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  128+n "}) {
    CAPTURE(code);
    CHECK(help.find(code) != std::string::npos);
  }
}
