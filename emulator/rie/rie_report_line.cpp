// SPDX-License-Identifier: Apache-2.0
#include "emulator/rie/rie_report_line.hpp"

#include "emulator/report/billing.hpp"
#include "emulator/report/report_line.hpp"

namespace lemu::emulator {

std::string rie_report_line(const InvocationRecord& record, std::string_view memory_size) {
  std::string line = "REPORT RequestId: " + record.request_id + "\t";
  if (record.init_duration) line += "Init Duration: " + ms_text(*record.init_duration) + "\t";
  line += "Duration: " + ms_text(record.duration) + "\t";
  line += "Billed Duration: " + std::to_string(billed_ms(record.duration, std::nullopt)) + " ms\t";
  line += "Memory Size: " + std::string(memory_size) + " MB\t";
  return line + "Max Memory Used: " + memory_text(record.max_memory) + "\t\n";
}

}  // namespace lemu::emulator
