// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/report_json.hpp"

#include <nlohmann/json.hpp>

#include "base/printable.hpp"
#include "emulator/report/billing.hpp"
#include "emulator/report/report_line.hpp"

namespace lemu::emulator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMb = 1024 * 1024;

/// The words of Lambda's telemetry know three; an error the runtime posted is an error there too.
const char* status_word(InvocationStatus status) {
  switch (status) {
    case InvocationStatus::success: return "success";
    case InvocationStatus::handled_error:
    case InvocationStatus::error: return "error";
    case InvocationStatus::timeout: return "timeout";
  }
  return "";
}

const char* method_word(MemoryMethod method) {
  switch (method) {
    case MemoryMethod::exact: return "exact";
    case MemoryMethod::sampled: return "sampled";
  }
  return "";
}

Json metrics_of(const InvocationRecord& record) {
  const std::int64_t billed = billed_ms(record.duration, record.init_duration);
  Json metrics;
  metrics["durationMs"] = printed_ms(record.duration);
  metrics["billedDurationMs"] = billed;
  metrics["billedGBSeconds"] = billed_gb_seconds(billed, record.memory_size_mb);
  if (record.init_duration) metrics["initDurationMs"] = printed_ms(*record.init_duration);
  metrics["memorySizeMB"] = record.memory_size_mb;
  if (record.max_memory) {
    metrics["maxMemoryUsedMB"] = (record.max_memory->bytes + kMb - 1) / kMb;
    metrics["maxMemoryUsedBytes"] = record.max_memory->bytes;
  }
  if (record.response_bytes) metrics["responseBytes"] = *record.response_bytes;
  return metrics;
}

Json obtained_of(const InvocationRecord& record) {
  Json obtained;
  obtained["durationMs"] = record.status == InvocationStatus::timeout
                               ? "the timeout itself"
                               : "measured: wall time from handing over the event to the invocation's end";
  obtained["billedDurationMs"] = "computed: durationMs + initDurationMs, rounded up to 1 ms";
  obtained["billedGBSeconds"] = "computed: billedDurationMs / 1000 * memorySizeMB / 1024";
  if (record.init_duration)
    obtained["initDurationMs"] = "measured: wall time from the bootstrap's exec to its first next";
  obtained["memorySizeMB"] = "configured";
  if (record.max_memory) {
    std::string how = method_word(record.max_memory->method);
    if (!record.max_memory->source.empty()) how += ": " + record.max_memory->source;
    obtained["maxMemoryUsedMB"] = how + "; rounded up to whole MB (1048576 bytes)";
    obtained["maxMemoryUsedBytes"] = how;
  }
  if (record.response_bytes) obtained["responseBytes"] = "counted";
  return obtained;
}

Json sandbox_of(const RunMode& mode) {
  return Json{{"mode", mode.sandbox}, {"missing", mode.sandbox_missing}, {"reason", mode.sandbox_reason}};
}

Json execution_of(const RunMode& mode) {
  Json execution{{"mode", mode.execution}, {"reason", mode.execution_reason}, {"emulated", mode.emulated}};
  if (!mode.cpu_model.empty()) execution["cpu"] = mode.cpu_model;
  if (!mode.qemu.empty()) execution["qemu"] = mode.qemu;
  if (!mode.qemu_version.empty()) execution["qemuVersion"] = mode.qemu_version;
  return execution;
}

}  // namespace

std::string report_json(const InvocationRecord& record, const RunMode& mode) {
  Json report;
  report["requestId"] = record.request_id;
  report["functionName"] = record.function_name;
  report["version"] = record.function_version;
  report["architecture"] = names_of(mode.arch).lambda;
  report["status"] = status_word(record.status);
  if (!record.error_type.empty()) report["errorType"] = record.error_type;
  report["metrics"] = metrics_of(record);
  report["obtained"] = obtained_of(record);
  if (!record.max_memory) report["notMeasured"] = Json{{"maxMemoryUsedMB", record.max_memory_absent}};
  report["timeoutScale"] = mode.timeout_scale;
  report["sandbox"] = sandbox_of(mode);
  report["execution"] = execution_of(mode);
  if (mode.emulated) report["note"] = emulation_note(mode);
  report["lemuVersion"] = LEMU_VERSION;
  return printable_json(report.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace lemu::emulator
