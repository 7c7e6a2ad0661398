// SPDX-License-Identifier: Apache-2.0
// FunctionMetrics: what is counted of a served function since the daemon started, and its text for
// Prometheus. Plain values; the io_context's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

/// A cumulative histogram of seconds.
class Histogram {
 public:
  static constexpr std::array<double, 14> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                  0.1,    0.25,  0.5,    1,     2.5,  10,    60};
  void add(double seconds);
  /// The samples of a metric called `name` with these labels ("function=\"f\"").
  [[nodiscard]] std::string text(std::string_view name, std::string_view labels) const;

 private:
  std::array<std::uint64_t, kBounds.size()> counts_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

struct FunctionMetrics {
  std::uint64_t invocations = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;  ///< which are errors too
  Histogram duration;
  Histogram init_duration;

  void count(const InvocationRecord& record);
};

/// One function at one moment.
struct FunctionFigures {
  std::string function;
  const FunctionMetrics* metrics = nullptr;
  std::uint64_t throttles = 0;
  std::uint64_t cold_starts = 0;
  std::uint64_t starting = 0;
  std::uint64_t busy = 0;
  std::uint64_t idle = 0;
  std::uint64_t queued = 0;
};

/// Prometheus's text format, version 0.0.4.
[[nodiscard]] std::string metrics_text(const std::vector<FunctionFigures>& functions,
                                       std::uint64_t waiting_events);

}  // namespace lemu::emulator
