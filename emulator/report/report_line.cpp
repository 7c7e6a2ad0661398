// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/report_line.hpp"

#include <array>
#include <cstdio>

#include "base/printable.hpp"
#include "emulator/report/billing.hpp"

namespace lemu::emulator {
namespace {

constexpr std::uint64_t kMb = 1024 * 1024;

/// "Status: …", or nothing where AWS prints none.
std::string status_text(const InvocationRecord& record) {
  switch (record.status) {
    case InvocationStatus::success:
    case InvocationStatus::handled_error: return "";
    case InvocationStatus::timeout: return "Status: timeout";
    case InvocationStatus::error: return "Status: error\tError Type: " + printable(record.error_type);
  }
  return "";
}

}  // namespace

std::string ms_text(std::chrono::nanoseconds duration) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms", printed_ms(duration));
  return text.data();
}

std::string memory_text(const std::optional<MemoryFigure>& memory) {
  if (!memory) return "not measured";
  return std::to_string((memory->bytes + kMb - 1) / kMb) + " MB";
}

std::string init_start_line(std::string_view region) {
  constexpr std::size_t kDigestSize = 64;
  return "INIT_START Runtime Version: lemu:" LEMU_VERSION "\tRuntime Version ARN: arn:aws:lambda:" +
         std::string(region) + "::runtime:" + std::string(kDigestSize, '0') + "\n";
}

std::string start_line(std::string_view request_id, std::string_view version) {
  return "START RequestId: " + std::string(request_id) + " Version: " + std::string(version) + "\n";
}

std::string end_line(std::string_view request_id) {
  return "END RequestId: " + std::string(request_id) + "\n";
}

std::string report_line(const InvocationRecord& record) {
  std::string line = "REPORT RequestId: " + record.request_id + "\t";
  line += "Duration: " + ms_text(record.duration) + "\t";
  line += "Billed Duration: " + std::to_string(billed_ms(record.duration, record.init_duration)) + " ms\t";
  line += "Memory Size: " + std::to_string(record.memory_size_mb) + " MB\t";
  line += "Max Memory Used: " + memory_text(record.max_memory) + "\t";
  if (record.init_duration) line += "Init Duration: " + ms_text(*record.init_duration) + "\t";
  return line + status_text(record) + "\n";
}

std::string init_report_line(const InitFailureRecord& record) {
  std::string line = "INIT_REPORT Init Duration: " + ms_text(record.duration);
  line += record.phase == InitFailureRecord::Phase::init ? "\tPhase: init" : "\tPhase: invoke";
  if (record.status == InitFailureRecord::Status::timeout) return line + "\tStatus: timeout\n";
  return line + "\tStatus: error\tError Type: " + printable(record.error_type) + "\n";
}

std::string emulation_note(const RunMode& mode) {
  if (!mode.emulated) return "";
  const std::string hardware = mode.arch == Arch::arm64 ? "Graviton's" : "Lambda's x86_64 hosts'";
  return "emulated by QEMU: these times do not predict " + hardware;
}

}  // namespace lemu::emulator
