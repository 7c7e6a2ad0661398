// SPDX-License-Identifier: Apache-2.0
// MemoryLooks: when a function's memory is looked at, and at how many of its processes. No function that goes
// over its limit is missed, and looking takes little of the machine's time. A plain value without I/O; times
// are passed in. A MemoryWatch owns one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lemu::emulator {

class MemoryLooks {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Duration = Clock::duration;
  enum class Reach { main_process, all_processes };
  /// A function's processes, as far as they are known.
  enum class Processes { one, several };

  /// `limit` in bytes.
  explicit MemoryLooks(std::uint64_t limit) : limit_(limit) {}

  /// A new process has started.
  void restart();

  /// Whether the function can have gone over its limit since the last look, or its children can have changed.
  /// So short invocations that follow each other closely are not looked at one by one.
  [[nodiscard]] bool worth_a_look(Time now) const;
  /// Whether the last look still tells the truth.
  [[nodiscard]] bool fresh(Time now) const;
  /// What to look at now. Children are looked for now and then; known ones are always looked at.
  /// `watched` is the number of environments that are polled.
  [[nodiscard]] Reach due(Time now, Processes processes, std::size_t watched) const;

  struct Look {
    Reach reach = Reach::main_process;
    Time begun;
    Time ended;
    std::optional<std::uint64_t> use;  ///< bytes; nothing where it could not be measured
  };
  void looked(const Look& look);
  /// The last look found the function over its limit.
  [[nodiscard]] bool over() const { return over_; }

  /// How long a poll waits before it looks.
  [[nodiscard]] static Duration first_pause();
  [[nodiscard]] Duration next_pause(std::size_t watched) const;

  /// Whether QEMU's share of the memory is to be taken anew. Counts it as taken if so.
  [[nodiscard]] bool take_share(Time now);

 private:
  [[nodiscard]] Duration pause_after_all(std::size_t watched) const;

  std::uint64_t limit_;
  Time looked_at_;
  Time looked_at_all_;          ///< processes
  Duration cost_{};             ///< of that look
  std::uint64_t headroom_ = 0;  ///< bytes up to the limit at the last look
  bool over_ = false;
  Time share_again_;  ///< QEMU's, may be taken
};

}  // namespace lemu::emulator
