// SPDX-License-Identifier: Apache-2.0
// What a served function has done and does now, gathered for metrics and `lemu ps`. The io_context's thread.
#pragma once

#include "emulator/api/function_registry.hpp"
#include "emulator/report/metrics.hpp"

namespace lemu::emulator {

[[nodiscard]] inline FunctionFigures figures_of(const ServedFunction& function) {
  const EnvironmentPool::Count count = function.pool().count();
  return {.function = function.config().name,
          .metrics = &function.metrics(),
          .throttles = function.pool().throttles(),
          .cold_starts = function.pool().cold_starts(),
          .starting = count.starting,
          .busy = count.busy,
          .idle = count.idle,
          .queued = count.queued};
}

}  // namespace lemu::emulator
