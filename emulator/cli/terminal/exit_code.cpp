// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/exit_code.hpp"

#include <array>

namespace lemu::emulator::cli {
namespace {

struct Row {
  const char* code;
  const char* meaning;
};

constexpr std::array<Row, 6> kRows{{
    {"0", "success"},
    {"1", "the function failed; what Invoke would return is on stdout"},
    {"2", "wrong usage or bad input"},
    {"3", "this host cannot do it; the remedy is on stderr"},
    {"4", "lemu itself failed"},
    {"128+n", "ended by signal n"},
}};

}  // namespace

ExitCode exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_usage:
    case ErrorKind::bad_input:
    case ErrorKind::invalid_entrypoint: return ExitCode::bad_usage;
    case ErrorKind::host_lacks: return ExitCode::host_lacks;
    case ErrorKind::internal: return ExitCode::internal;
  }
  return ExitCode::internal;
}

int exit_code_of_signal(int signal) { return 128 + signal; }

std::string exit_codes_help() {
  constexpr std::size_t column = 8;
  std::string text;
  for (const Row& row : kRows) {
    std::string code = row.code;
    code.resize(column, ' ');
    text += "  " + code + row.meaning + "\n";
  }
  return text;
}

}  // namespace lemu::emulator::cli
