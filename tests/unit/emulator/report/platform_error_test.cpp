// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/platform_error.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace lemu::emulator;
using namespace std::chrono_literals;

TEST_CASE("payloads are Lambda's, byte for byte") {
  struct Row {
    PlatformError error;
    const char* payload_type;
    const char* message;
  };
  const Row rows[] = {
      {runtime_exited("ID", 0), "Runtime.ExitError",
       "RequestId: ID Error: Runtime exited without providing a reason"},
      {runtime_exited("ID", 3), "Runtime.ExitError",
       "RequestId: ID Error: Runtime exited with error: exit status 3"},
      {runtime_killed("ID", SIGSEGV), "Runtime.ExitError",
       "RequestId: ID Error: Runtime exited with error: signal: segmentation fault"},
      {runtime_killed("ID", SIGABRT), "Runtime.ExitError",
       "RequestId: ID Error: Runtime exited with error: signal: aborted"},
      {out_of_memory("ID"), "Runtime.ExitError",
       "RequestId: ID Error: Runtime exited with error: signal: killed"},
      {timed_out("ID", 1s), "Sandbox.Timedout", "RequestId: ID Error: Task timed out after 1.00 seconds"},
      {timed_out("ID", 250ms), "Sandbox.Timedout", "RequestId: ID Error: Task timed out after 0.25 seconds"},
      {invalid_entrypoint("ID", "fork/exec /var/task/bootstrap: exec format error"),
       "Runtime.InvalidEntrypoint", "RequestId: ID Error: fork/exec /var/task/bootstrap: exec format error"},
      {response_too_large(6'291'556), "Function.ResponseSizeTooLarge",
       "Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
  };
  for (const Row& row : rows)
    CHECK(row.error.payload == std::string("{\"errorType\":\"") + row.payload_type +
                                   "\",\"errorMessage\":\"" + row.message + "\"}");
}

TEST_CASE("the type is the payload's, but memory's is its own") {
  CHECK(runtime_exited("ID", 3).type == "Runtime.ExitError");
  CHECK(timed_out("ID", 1s).type == "Sandbox.Timedout");
  CHECK(out_of_memory("ID").type == "Runtime.OutOfMemory");
}

TEST_CASE("an error without detail has the keys the other way round") {
  CHECK(unexplained_error("Sandbox.Failure").payload ==
        R"({"errorMessage":"Unknown application error occurred","errorType":"Sandbox.Failure"})");
  CHECK(unexplained_error("").payload == R"({"errorMessage":"Unknown application error occurred"})");
}

TEST_CASE("waitpid's status is read for both ends") {
  CHECK(runtime_ended("ID", 3 << 8).payload == runtime_exited("ID", 3).payload);
  CHECK(runtime_ended("ID", 0).payload == runtime_exited("ID", 0).payload);
  CHECK(runtime_ended("ID", SIGKILL).payload == runtime_killed("ID", SIGKILL).payload);
  CHECK(runtime_ended("ID", SIGSEGV | 0x80).payload == runtime_killed("ID", SIGSEGV).payload);
}

TEST_CASE("signals are named as Go names them") {
  struct Row {
    int signal;
    const char* text;
  };
  const Row rows[] = {{SIGILL, "illegal instruction"},
                      {SIGTRAP, "trace/breakpoint trap"},
                      {SIGABRT, "aborted"},
                      {SIGBUS, "bus error"},
                      {SIGFPE, "floating point exception"},
                      {SIGKILL, "killed"},
                      {SIGSEGV, "segmentation fault"},
                      {SIGPIPE, "broken pipe"},
                      {SIGTERM, "terminated"},
                      {SIGXCPU, "CPU time limit exceeded"},
                      {SIGSYS, "bad system call"},
                      {64, "signal 64"},
                      {-1, "signal -1"}};
  for (const Row& row : rows) CHECK(signal_text(row.signal) == row.text);
}
