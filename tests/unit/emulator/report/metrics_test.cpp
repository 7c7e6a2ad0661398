// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/metrics.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {
namespace {

InvocationRecord record(InvocationStatus status, std::chrono::nanoseconds duration) {
  InvocationRecord made;
  made.status = status;
  made.duration = duration;
  return made;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("what Prometheus reads") {
  using namespace std::chrono_literals;
  FunctionMetrics metrics;
  metrics.count(record(InvocationStatus::success, 300us));
  metrics.count(record(InvocationStatus::timeout, 3s));
  metrics.count(record(InvocationStatus::handled_error, 70ms));
  const std::string text =
      metrics_text({{.function = "f", .metrics = &metrics, .throttles = 2, .cold_starts = 1, .idle = 1}}, 7);
  for (const char* line :
       {"# TYPE lemu_invocations_total counter", "lemu_invocations_total{function=\"f\"} 3",
        "lemu_errors_total{function=\"f\"} 2", "lemu_timeouts_total{function=\"f\"} 1",
        "lemu_throttles_total{function=\"f\"} 2", "lemu_cold_starts_total{function=\"f\"} 1",
        "lemu_environments{function=\"f\",state=\"idle\"} 1", "lemu_async_events 7",
        "# TYPE lemu_duration_seconds histogram",
        "lemu_duration_seconds_bucket{function=\"f\",le=\"0.0005\"} 1",
        "lemu_duration_seconds_bucket{function=\"f\",le=\"0.1\"} 2",
        "lemu_duration_seconds_bucket{function=\"f\",le=\"+Inf\"} 3",
        "lemu_duration_seconds_sum{function=\"f\"} 3.0703", "lemu_duration_seconds_count{function=\"f\"} 3",
        "lemu_init_duration_seconds_count{function=\"f\"} 0"})
    CHECK_MESSAGE(has_line(text, line), line, " is not in\n", text);
}

}  // namespace lemu::emulator
