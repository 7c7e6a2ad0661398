// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/billing.hpp"

#include <algorithm>

namespace lemu::emulator {
namespace {

constexpr std::int64_t kHundredthNs = 10'000;  // a hundredth of a millisecond
constexpr std::int64_t kHundredthsPerMs = 100;

std::int64_t hundredths(std::chrono::nanoseconds duration) {
  const std::int64_t ns = std::max<std::int64_t>(duration.count(), 0);
  return (ns + kHundredthNs / 2) / kHundredthNs;
}

}  // namespace

double printed_ms(std::chrono::nanoseconds duration) {
  return static_cast<double>(hundredths(duration)) / static_cast<double>(kHundredthsPerMs);
}

std::int64_t billed_ms(std::chrono::nanoseconds duration,
                       std::optional<std::chrono::nanoseconds> init_duration) {
  const std::int64_t sum = hundredths(duration) + (init_duration ? hundredths(*init_duration) : 0);
  return std::max<std::int64_t>(1, (sum + kHundredthsPerMs - 1) / kHundredthsPerMs);
}

double billed_gb_seconds(std::int64_t billed_ms, std::uint64_t memory_mb) {
  return static_cast<double>(billed_ms) / 1000.0 * static_cast<double>(memory_mb) / 1024.0;
}

}  // namespace lemu::emulator
