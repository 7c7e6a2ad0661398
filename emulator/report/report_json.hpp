// SPDX-License-Identifier: Apache-2.0
// The machine-readable report: one JSON object on one line for an invocation. Pure; any thread.
//
// Figures carry Lambda's names of the Telemetry API's platform.report (durationMs, billedDurationMs,
// memorySizeMB, maxMemoryUsedMB, initDurationMs), the unit in the name; "obtained" says for each how it came
// about, and "notMeasured" why one is missing. A figure that was not measured is absent, never 0.
#pragma once

#include <string>

#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

/// Without a newline.
[[nodiscard]] std::string report_json(const InvocationRecord& record, const RunMode& mode);

}  // namespace lemu::emulator
