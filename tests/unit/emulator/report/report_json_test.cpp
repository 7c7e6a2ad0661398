// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/report_json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace lemu::emulator;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

InvocationRecord measured() {
  InvocationRecord record;
  record.request_id = "ID";
  record.function_name = "f";
  record.duration = 2'460us;
  record.init_duration = 413'610us;
  record.memory_size_mb = 128;
  record.max_memory = MemoryFigure{37'000'000, MemoryMethod::sampled, "statm each 5 ms"};
  record.response_bytes = 12;
  return record;
}

RunMode emulated() {
  RunMode mode;
  mode.arch = lemu::Arch::arm64;
  mode.sandbox = "partial";
  mode.sandbox_missing = {"pid"};
  mode.sandbox_reason = "no PID namespace";
  mode.execution = "direct";
  mode.execution_reason = "no private binfmt";
  mode.emulated = true;
  mode.cpu_model = "neoverse-n1";
  mode.qemu = "/usr/bin/qemu-aarch64-static";
  mode.qemu_version = "7.2.0";
  return mode;
}

}  // namespace

TEST_CASE("every figure has its unit and how it was obtained") {
  const std::string line = report_json(measured(), emulated());
  CHECK(line.find('\n') == std::string::npos);
  const json report = json::parse(line);
  CHECK(report["metrics"]["durationMs"] == doctest::Approx(2.46));
  CHECK(report["metrics"]["initDurationMs"] == doctest::Approx(413.61));
  CHECK(report["metrics"]["billedDurationMs"] == 417);
  CHECK(report["metrics"]["memorySizeMB"] == 128);
  CHECK(report["metrics"]["maxMemoryUsedMB"] == 36);
  CHECK(report["metrics"]["maxMemoryUsedBytes"] == 37'000'000);
  CHECK(report["metrics"]["responseBytes"] == 12);
  for (const auto& [name, value] : report["metrics"].items()) {
    CAPTURE(name);
    CHECK(report["obtained"].contains(name));
  }
  CHECK(report["obtained"]["maxMemoryUsedBytes"] == "sampled: statm each 5 ms");
  CHECK_FALSE(report.contains("notMeasured"));
}

TEST_CASE("a run under emulation says so, with its modes and their reasons") {
  const json report = json::parse(report_json(measured(), emulated()));
  CHECK(report["architecture"] == "arm64");
  CHECK(report["sandbox"] ==
        json::parse(R"({"mode":"partial","missing":["pid"],"reason":"no PID namespace"})"));
  CHECK(report["execution"]["mode"] == "direct");
  CHECK(report["execution"]["reason"] == "no private binfmt");
  CHECK(report["execution"]["emulated"] == true);
  CHECK(report["execution"]["cpu"] == "neoverse-n1");
  CHECK(report["note"] == "emulated by QEMU: these times do not predict Graviton's");
  const json native = json::parse(report_json(measured(), RunMode{}));
  CHECK(native["execution"]["emulated"] == false);
  CHECK_FALSE(native.contains("note"));
  CHECK_FALSE(native["execution"].contains("qemu"));
}

TEST_CASE("what was not measured is absent, with the reason") {
  InvocationRecord record = measured();
  record.max_memory.reset();
  record.max_memory_absent = "no permission to read /proc/PID/statm";
  record.init_duration.reset();
  const json report = json::parse(report_json(record, RunMode{}));
  CHECK_FALSE(report["metrics"].contains("maxMemoryUsedMB"));
  CHECK_FALSE(report["metrics"].contains("maxMemoryUsedBytes"));
  CHECK_FALSE(report["metrics"].contains("initDurationMs"));
  CHECK_FALSE(report["obtained"].contains("initDurationMs"));
  CHECK(report["notMeasured"]["maxMemoryUsedMB"] == "no permission to read /proc/PID/statm");
}

TEST_CASE("status words are those of Lambda's telemetry") {
  struct Row {
    InvocationStatus status;
    const char* word;
  };
  const Row rows[] = {{InvocationStatus::success, "success"},
                      {InvocationStatus::handled_error, "error"},
                      {InvocationStatus::error, "error"},
                      {InvocationStatus::timeout, "timeout"}};
  for (const Row& row : rows) {
    InvocationRecord record = measured();
    record.status = row.status;
    CHECK(json::parse(report_json(record, RunMode{}))["status"] == row.word);
  }
}
