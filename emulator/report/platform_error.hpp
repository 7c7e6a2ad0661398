// SPDX-License-Identifier: Apache-2.0
// PlatformError: what Lambda itself answers in place of a function that could not. Payloads are byte-exact:
// no spaces, errorType before errorMessage (recorded from AWS; wording of Go's os/exec and syscall, which
// Lambda's own agent uses: "aws-lambda-rie"). A payload that the runtime posted is passed on as it is and has
// no place here. Pure; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace lemu::emulator {

struct PlatformError {
  std::string type;     ///< "Runtime.ExitError": REPORT's Error Type too, unless out_of_memory
  std::string payload;  ///< the body Invoke returns
};

/// The runtime's end by itself: exit(status).
[[nodiscard]] PlatformError runtime_exited(std::string_view request_id, int status);
[[nodiscard]] PlatformError runtime_killed(std::string_view request_id, int signal);
/// Either of the two, from waitpid(2)'s status. A core flag is left out: cores are Lambda's, not the
/// function's.
[[nodiscard]] PlatformError runtime_ended(std::string_view request_id, int wait_status);
/// The payload of a kill, with the type that REPORT shows for it: Runtime.OutOfMemory.
[[nodiscard]] PlatformError out_of_memory(std::string_view request_id);

/// The wording since November 2025; `limit` as it was in force, a timeout scale included.
[[nodiscard]] PlatformError timed_out(std::string_view request_id, std::chrono::milliseconds limit);

/// `aws_message` stands after "Error: ": "fork/exec /var/task/bootstrap: exec format error"
/// (Error::aws_message).
[[nodiscard]] PlatformError invalid_entrypoint(std::string_view request_id, std::string_view aws_message);

/// A response above `limit`: 6,291,556 bytes where it is not streamed.
[[nodiscard]] PlatformError response_too_large(std::size_t limit);

/// Any other error of the platform: "RequestId: ID Error: MESSAGE".
[[nodiscard]] PlatformError platform_error(std::string_view type, std::string_view request_id,
                                           std::string_view message);
/// {"errorMessage":"Unknown application error occurred","errorType":TYPE}; without errorType when `type` is
/// empty.
[[nodiscard]] PlatformError unexplained_error(std::string_view type);

/// As Go's syscall.Signal prints it on Linux: "segmentation fault", "signal 64".
[[nodiscard]] std::string signal_text(int signal);

}  // namespace lemu::emulator
