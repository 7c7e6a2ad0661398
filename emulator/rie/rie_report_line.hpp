// SPDX-License-Identifier: Apache-2.0
// The REPORT line as aws-lambda-rie writes it: Init Duration first, and billed without it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

/// `memory_size` in MB, as configured. Max Memory Used is measured, where aws-lambda-rie repeats
/// `memory_size`.
[[nodiscard]] std::string rie_report_line(const InvocationRecord& record, std::string_view memory_size);

}  // namespace lemu::emulator
