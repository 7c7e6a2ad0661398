// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/parser/suggest.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator::cli;

namespace {
const std::vector<std::string> kOptions = {"--arch",        "--memory",  "--env",     "--env-file",
                                           "--region",      "--repeat",  "--timeout", "--report",
                                           "--report-file", "--sandbox", "-v",        "--verbose"};
}

TEST_CASE("edit distance counts inserts, deletes, replacements and swaps") {
  struct Row {
    const char* a;
    const char* b;
    std::size_t distance;
  };
  const Row rows[] = {{"", "", 0},
                      {"abc", "abc", 0},
                      {"", "abc", 3},
                      {"abc", "", 3},
                      {"abc", "abd", 1},
                      {"abc", "ab", 1},
                      {"ab", "abc", 1},
                      {"abc", "acb", 1},
                      {"kitten", "sitting", 3},
                      {"memroy", "memory", 1}};
  for (const Row& row : rows) {
    CAPTURE(row.a);
    CAPTURE(row.b);
    CHECK(edit_distance(row.a, row.b) == row.distance);
  }
}

TEST_CASE("an unknown option is answered with what it was probably meant to be") {
  struct Row {
    const char* given;
    const char* message;
  };
  const Row rows[] = {
      {"--memroy", "unknown option '--memroy'; did you mean '--memory'?"},
      {"--mem", "unknown option '--mem'; did you mean '--memory'?"},
      {"-memory", "unknown option '-memory'; did you mean '--memory'?"},
      {"--tiemout", "unknown option '--tiemout'; did you mean '--timeout'?"},
      {"--re", "ambiguous option '--re': it could be '--region', '--repeat', '--report' or '--report-file'"},
      {"--rep", "ambiguous option '--rep': it could be '--repeat', '--report' or '--report-file'"},
      {"--colour", "unknown option '--colour'"},
      {"-x", "unknown option '-x'"},
      {"--", "unknown option '--'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.given);
    const lemu::Error error = unknown_option(row.given, kOptions, "invoke").value();
    CHECK(error.message == row.message);
    CHECK(error.remedy == "'lemu invoke --help' lists the options");
  }
}
