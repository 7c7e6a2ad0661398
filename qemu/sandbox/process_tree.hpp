// SPDX-License-Identifier: Apache-2.0
// The processes below one process, as /proc tells them. Reads files; any thread; a snapshot that may be stale
// at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lemu::sandbox {

/// How much is looked for, the nearest first: a fork bomb is not to hold up who counts its processes.
struct SearchLimits {
  std::size_t most = std::numeric_limits<std::size_t>::max();
  std::chrono::steady_clock::time_point latest = std::chrono::steady_clock::time_point::max();
};

/// The numbers among a folder's entries; none when it cannot be read. In /proc these are processes, in
/// /proc/PID/task a process's threads.
std::vector<pid_t> numbers_in(const std::string& folder);

/// All descendants of `root`, without `root` itself, parents before their children. Read from
/// /proc/PID/task/TID/children, or, where the kernel has no such file (CONFIG_PROC_CHILDREN), from the parent
/// of every process there is, which costs some ten microseconds for each.
std::vector<pid_t> descendants(pid_t root, const std::string& proc = "/proc",
                               const SearchLimits& limits = {});

/// For several who look often: where every process must be read, what was read serves all of them for ten
/// times as long as reading it took. One thread.
class ProcessTable {
 public:
  explicit ProcessTable(std::string proc = "/proc") : proc_(std::move(proc)) {}
  std::vector<pid_t> descendants(pid_t root, const SearchLimits& limits);

 private:
  using Clock = std::chrono::steady_clock;
  std::string proc_;
  bool listed_ = false;  ///< the kernel was seen to list children
  std::unordered_map<pid_t, std::vector<pid_t>> children_;
  Clock::time_point good_until_;
};

}  // namespace lemu::sandbox
