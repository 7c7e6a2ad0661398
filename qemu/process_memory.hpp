// SPDX-License-Identifier: Apache-2.0
// ProcessMemory: what /proc tells of one process's memory. A process whose first thread has ended while
// others go on tells nothing there; then one of the others is asked. Reads files; one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "qemu/patient_reader.hpp"

namespace lemu::qemu {

/// What /proc/PID/status says; bytes.
struct MemoryStatus {
  std::uint64_t high_water = 0;  ///< of resident memory
  std::uint64_t resident = 0;
  std::uint64_t anonymous = 0;  ///< of it: private, or written
  std::uint64_t shared = 0;     ///< of it: shared and without a file, or of a tmpfs
  std::uint64_t swapped = 0;    ///< not in any of the above
  std::uint64_t huge = 0;       ///< nor is this: huge pages of hugetlbfs

  /// What it holds now, and has held at most. A function can have its pages swapped out (MADV_PAGEOUT).
  [[nodiscard]] std::uint64_t held() const { return resident + swapped + huge; }
  [[nodiscard]] std::uint64_t peak() const;
};

/// Nothing for a text without memory: of a process, or of a thread, that has ended.
[[nodiscard]] std::optional<MemoryStatus> parse_memory_status(std::string_view text);

class ProcessMemory {
 public:
  explicit ProcessMemory(std::string proc) : proc_(std::move(proc)) {}

  /// An open /proc/PID/NAME.
  [[nodiscard]] Result<Fd> open(pid_t pid, const char* name) const;
  /// An open `status` that has memory to tell of; no valid one when the process has ended.
  [[nodiscard]] Fd open_status(pid_t pid) const;
  [[nodiscard]] std::optional<MemoryStatus> status(pid_t pid) const;
  /// The text of `smaps` or `smaps_rollup`, which the next call overwrites. A process without a sandbox can
  /// have it `refused` (PR_SET_DUMPABLE), and one that changes its memory all the time, as by forking without
  /// end, keeps it `busy` beyond `latest`.
  [[nodiscard]] tl::expected<std::string_view, Unread> mappings(pid_t pid, const char* name,
                                                                std::chrono::steady_clock::time_point latest);
  /// The file that a process executes, which for a guest is QEMU or its loader; empty when that is not to be
  /// known.
  [[nodiscard]] std::string program(pid_t pid) const;
  /// The size of the files of memfd_create(2) that they have open: memory that need not be mapped anywhere.
  /// Of those that can be looked at until `latest`.
  [[nodiscard]] std::uint64_t memory_files(const std::vector<pid_t>& processes,
                                           std::chrono::steady_clock::time_point latest);
  /// The processes, one for each memory: those made by vfork(2) or with CLONE_VM share another's, and would
  /// be counted twice. Each is compared (kcmp(2)) with the 16 before it; where the kernel cannot compare, all
  /// are kept.
  [[nodiscard]] std::vector<pid_t> distinct(const std::vector<pid_t>& processes) const;

 private:
  /// The process's threads but its first.
  [[nodiscard]] std::vector<pid_t> other_threads(pid_t pid) const;

  [[nodiscard]] bool same_memory(pid_t one, pid_t other) const;

  std::string proc_;
  std::size_t looked_for_files_ = 0;
  PatientReader reader_;
};

/// What an open `status` says.
[[nodiscard]] std::optional<MemoryStatus> read_memory_status(int status);

/// The text of a short /proc file in `buffer`, by one read; empty when the process has ended.
[[nodiscard]] std::string_view read_short(int fd, char* buffer, std::size_t size);

}  // namespace lemu::qemu
