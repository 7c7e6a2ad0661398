// SPDX-License-Identifier: Apache-2.0
// What Lambda would bill for durations like these ("AWS Lambda standardizes billing for INIT Phase": since
// August 2025 the init of every function is billed). Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lemu::emulator {

/// A duration as it is printed: to a hundredth of a millisecond, halves up.
[[nodiscard]] double printed_ms(std::chrono::nanoseconds duration);

/// Duration and Init Duration, rounded up to a whole millisecond; at least 1. It is computed from the figures
/// as they are printed, so that who adds up a REPORT line comes to the same sum.
[[nodiscard]] std::int64_t billed_ms(std::chrono::nanoseconds duration,
                                     std::optional<std::chrono::nanoseconds> init_duration);

/// billed / 1000 × memory / 1024.
[[nodiscard]] double billed_gb_seconds(std::int64_t billed_ms, std::uint64_t memory_mb);

}  // namespace lemu::emulator
