// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/streaming_call.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;

TEST_CASE("the code of an error within a stream: the function's own, or what became of its environment") {
  struct Row {
    InvocationStatus status;
    std::string type;
    std::string code;
  };
  const Row rows[] = {
      {InvocationStatus::success, "", ""},
      {InvocationStatus::handled_error, "Function.Asked", "Function.Asked"},
      {InvocationStatus::handled_error, "Runtime.ExitError", "Runtime.ExitError"},
      {InvocationStatus::timeout, "Sandbox.Timedout", "Sandbox.Timeout"},
      {InvocationStatus::error, "Runtime.ExitError", "Sandbox.Failure"},
      {InvocationStatus::error, "Runtime.OutOfMemory", "Sandbox.Failure"},
      {InvocationStatus::error, "Runtime.TruncatedResponse", "Runtime.TruncatedResponse"},
      {InvocationStatus::error, "Function.ResponseSizeTooLarge", "Function.ResponseSizeTooLarge"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.type);
    Answer answer;
    answer.status = row.status;
    answer.error_type = row.type;
    CHECK(error_code_within(answer) == row.code);
  }
}
