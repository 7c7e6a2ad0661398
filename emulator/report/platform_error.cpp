// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/platform_error.hpp"

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace lemu::emulator {
namespace {

// Go's syscall package, zerrors_linux_{amd64,arm64}.go: the number is the index.
constexpr std::array<std::string_view, 32> kSignalTexts{"signal 0",
                                                        "hangup",
                                                        "interrupt",
                                                        "quit",
                                                        "illegal instruction",
                                                        "trace/breakpoint trap",
                                                        "aborted",
                                                        "bus error",
                                                        "floating point exception",
                                                        "killed",
                                                        "user defined signal 1",
                                                        "segmentation fault",
                                                        "user defined signal 2",
                                                        "broken pipe",
                                                        "alarm clock",
                                                        "terminated",
                                                        "stack fault",
                                                        "child exited",
                                                        "continued",
                                                        "stopped (signal)",
                                                        "stopped",
                                                        "stopped (tty input)",
                                                        "stopped (tty output)",
                                                        "urgent I/O condition",
                                                        "CPU time limit exceeded",
                                                        "file size limit exceeded",
                                                        "virtual timer expired",
                                                        "profiling timer expired",
                                                        "window changed",
                                                        "I/O possible",
                                                        "power failure",
                                                        "bad system call"};

constexpr std::string_view kExitError = "Runtime.ExitError";

std::string payload_of(std::string_view type, std::string_view message) {
  const nlohmann::ordered_json payload{{"errorType", type}, {"errorMessage", message}};
  return payload.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string signal_text(int signal) {
  const auto index = static_cast<std::size_t>(signal);
  if (signal < 0 || index >= kSignalTexts.size()) return "signal " + std::to_string(signal);
  return std::string(kSignalTexts[index]);
}

PlatformError platform_error(std::string_view type, std::string_view request_id, std::string_view message) {
  const std::string text = "RequestId: " + std::string(request_id) + " Error: " + std::string(message);
  return {std::string(type), payload_of(type, text)};
}

PlatformError runtime_exited(std::string_view request_id, int status) {
  if (status == 0) return platform_error(kExitError, request_id, "Runtime exited without providing a reason");
  return platform_error(kExitError, request_id,
                        "Runtime exited with error: exit status " + std::to_string(status));
}

PlatformError runtime_killed(std::string_view request_id, int signal) {
  return platform_error(kExitError, request_id, "Runtime exited with error: signal: " + signal_text(signal));
}

PlatformError runtime_ended(std::string_view request_id, int wait_status) {
  if (WIFSIGNALED(wait_status)) return runtime_killed(request_id, WTERMSIG(wait_status));
  return runtime_exited(request_id, WEXITSTATUS(wait_status));
}

PlatformError out_of_memory(std::string_view request_id) {
  return {"Runtime.OutOfMemory", runtime_killed(request_id, SIGKILL).payload};
}

PlatformError timed_out(std::string_view request_id, std::chrono::milliseconds limit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "Task timed out after %.2f seconds",
                static_cast<double>(limit.count()) / 1000.0);
  return platform_error("Sandbox.Timedout", request_id, text.data());
}

PlatformError invalid_entrypoint(std::string_view request_id, std::string_view aws_message) {
  return platform_error("Runtime.InvalidEntrypoint", request_id, aws_message);
}

PlatformError response_too_large(std::size_t limit) {
  constexpr std::string_view type = "Function.ResponseSizeTooLarge";
  return {std::string(type),
          payload_of(type, "Response payload size exceeded maximum allowed payload size (" +
                               std::to_string(limit) + " bytes).")};
}

PlatformError unexplained_error(std::string_view type) {
  nlohmann::ordered_json payload{{"errorMessage", "Unknown application error occurred"}};
  if (!type.empty()) payload["errorType"] = type;
  return {std::string(type), payload.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

}  // namespace lemu::emulator
