// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/report_line.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t kMb = 1024 * 1024;

InvocationRecord record(InvocationStatus status, std::chrono::nanoseconds duration, std::uint64_t memory_mb) {
  InvocationRecord made;
  made.request_id = "ID";
  made.status = status;
  made.duration = duration;
  made.memory_size_mb = 128;
  made.max_memory = MemoryFigure{memory_mb * kMb, MemoryMethod::exact, ""};
  return made;
}
}  // namespace

TEST_CASE("REPORT lines are those of AWS's logs, tabs included") {
  InvocationRecord cold = record(InvocationStatus::success, 2'460us, 36);
  cold.init_duration = 413'610us;
  InvocationRecord crash = record(InvocationStatus::error, 15'200us, 30);
  crash.error_type = "Runtime.ExitError";
  InvocationRecord out_of_memory = record(InvocationStatus::error, 1'000us, 128);
  out_of_memory.init_duration = 551'730us;
  out_of_memory.error_type = "Runtime.OutOfMemory";
  InvocationRecord blind = record(InvocationStatus::success, 3'010us, 0);
  blind.max_memory.reset();
  InvocationRecord uneven = record(InvocationStatus::success, 3'010us, 36);
  uneven.max_memory->bytes += 1;
  struct Row {
    InvocationRecord record;
    const char* line;
  };
  const Row rows[] = {
      {record(InvocationStatus::success, 3'010us, 36),
       "REPORT RequestId: ID\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 36 MB\t\n"},
      {cold,
       "REPORT RequestId: ID\tDuration: 2.46 ms\tBilled Duration: 417 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 36 MB\tInit Duration: 413.61 ms\t\n"},
      {record(InvocationStatus::timeout, 3s, 30),
       "REPORT RequestId: ID\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 30 MB\tStatus: timeout\n"},
      {crash,
       "REPORT RequestId: ID\tDuration: 15.20 ms\tBilled Duration: 16 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 30 MB\tStatus: error\tError Type: Runtime.ExitError\n"},
      {out_of_memory,
       "REPORT RequestId: ID\tDuration: 1.00 ms\tBilled Duration: 553 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 128 MB\tInit Duration: 551.73 ms\tStatus: error\t"
       "Error Type: Runtime.OutOfMemory\n"},
      {record(InvocationStatus::handled_error, 3'010us, 36),
       "REPORT RequestId: ID\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 36 MB\t\n"},
      {blind,
       "REPORT RequestId: ID\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: not measured\t\n"},
      {uneven,
       "REPORT RequestId: ID\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
       "Max Memory Used: 37 MB\t\n"},
  };
  for (const Row& row : rows) CHECK(report_line(row.record) == row.line);
}

TEST_CASE("an error type cannot make a field of its own") {
  InvocationRecord crash = record(InvocationStatus::error, 3'010us, 36);
  crash.error_type = "Runtime.X\tStatus: success\x1b[2J\n";
  CHECK(report_line(crash).ends_with("Error Type: Runtime.X\\x09Status: success\\x1b[2J\\x0a\n"));
  InitFailureRecord failed{1ms, InitFailureRecord::Phase::init, InitFailureRecord::Status::error, "A\nB"};
  CHECK(init_report_line(failed).ends_with("Error Type: A\\x0aB\n"));
}

TEST_CASE("START, END, INIT_START and INIT_REPORT") {
  CHECK(init_start_line("eu-west-1") == "INIT_START Runtime Version: lemu:" LEMU_VERSION
                                        "\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:" +
                                            std::string(64, '0') + "\n");
  CHECK(start_line("ID", "$LATEST") == "START RequestId: ID Version: $LATEST\n");
  CHECK(end_line("ID") == "END RequestId: ID\n");
  InitFailureRecord failed{229'040us, InitFailureRecord::Phase::init, InitFailureRecord::Status::error,
                           "Runtime.ExitError"};
  CHECK(init_report_line(failed) ==
        "INIT_REPORT Init Duration: 229.04 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n");
  InitFailureRecord slow{9'999'550us, InitFailureRecord::Phase::invoke, InitFailureRecord::Status::timeout,
                         ""};
  CHECK(init_report_line(slow) == "INIT_REPORT Init Duration: 9999.55 ms\tPhase: invoke\tStatus: timeout\n");
}

TEST_CASE("only an emulated run warns of its times") {
  RunMode mode;
  CHECK(emulation_note(mode).empty());
  mode.emulated = true;
  mode.arch = lemu::Arch::arm64;
  CHECK(emulation_note(mode) == "emulated by QEMU: these times do not predict Graviton's");
}
