// SPDX-License-Identifier: Apache-2.0
// PatientReader reads files that may keep their reader waiting: /proc/PID/smaps waits while the process
// changes its memory, and a process that forks without end can make that a minute. A thread of its own waits;
// the caller does so for a given time at most. Owned by one thread, which calls it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lemu::qemu {

/// Why a file's text is not there.
enum class Unread {
  refused,  ///< this user may not read it, or it is not there
  ended,    ///< its process has ended
  busy,     ///< it could not be read in time
};

class PatientReader {
 public:
  using Clock = std::chrono::steady_clock;

  PatientReader();
  PatientReader(PatientReader&&) noexcept;
  PatientReader& operator=(PatientReader&&) noexcept;
  PatientReader(const PatientReader&) = delete;
  PatientReader& operator=(const PatientReader&) = delete;
  /// Does not wait: a thread that is in a read ends after it.
  ~PatientReader();

  /// The whole text of the file, which the next call overwrites; `refused` or, after `latest`, `busy`. As
  /// long as an earlier read goes on, all are `busy`.
  [[nodiscard]] tl::expected<std::string_view, Unread> read(const std::string& file,
                                                            Clock::time_point latest);

 private:
  struct Shared;
  static std::shared_ptr<Shared> start();

  std::shared_ptr<Shared> shared_;  // with the thread; made by the first read
};

}  // namespace lemu::qemu
