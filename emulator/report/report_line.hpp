// SPDX-License-Identifier: Apache-2.0
// The platform's own log lines in Lambda's Text format, each ending in '\n'. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

/// Of a new execution environment's init. The runtime version is lemu's own; its ARN has the form of
/// Lambda's, with zeros for the digest, as Lambda has no such runtime.
[[nodiscard]] std::string init_start_line(std::string_view region);
[[nodiscard]] std::string start_line(std::string_view request_id, std::string_view version);
[[nodiscard]] std::string end_line(std::string_view request_id);

/// "1.25 ms".
[[nodiscard]] std::string ms_text(std::chrono::nanoseconds duration);
/// "65 MB", rounded up; "not measured".
[[nodiscard]] std::string memory_text(const std::optional<MemoryFigure>& memory);

/// Segments are separated by tabs; a line without Status ends with a tab before its newline, as AWS's do.
/// Memory that was not measured reads "Max Memory Used: not measured", never a number. Memory is rounded up
/// to whole MB.
[[nodiscard]] std::string report_line(const InvocationRecord& record);

[[nodiscard]] std::string init_report_line(const InitFailureRecord& record);

/// What stands once beside the reports of an emulated function; empty when it runs natively. No newline.
[[nodiscard]] std::string emulation_note(const RunMode& mode);

}  // namespace lemu::emulator
