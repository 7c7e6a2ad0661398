// SPDX-License-Identifier: Apache-2.0
// Guest memory: how much a function uses, seen from outside, by one rule: its peak resident memory, less the
// share that is QEMU's own (nothing natively). MemoryMeter is owned by one execution environment and used on
// its thread.
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
#include "qemu/process_memory.hpp"
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::qemu {

enum class Execution { native, emulated };

/// How a figure came about; reports say it.
enum class Obtained {
  exact,              ///< the kernel's own high-water mark of the function's only process
  sampled,            ///< the highest of the moments that were looked at
  sampled_and_split,  ///< the same, less QEMU's share as measured
};

struct MemoryFigure {
  std::uint64_t bytes = 0;
  Obtained how = Obtained::sampled;
};

class MemoryMeter {
 public:
  struct Options {
    pid_t main = 0;    ///< host pid of the runtime's process; 0: the first below the helper
    pid_t helper = 0;  ///< host pid of the helper's last stage: what is below it is the function's
    Execution execution = Execution::native;
    std::string proc = "/proc";
    sandbox::ProcessTable* table = nullptr;  ///< shared with other meters; where none, /proc is read anew
    std::uint64_t limit = 0;                 ///< bytes: what comes over it is looked at closely
  };
  explicit MemoryMeter(Options options) : options_(std::move(options)), memory_(options_.proc) {}

  /// The highest use until now, over all processes. About 0.1 ms natively or while the high-water mark rises
  /// by less than 1 MiB (the precision under emulation); else, there, 0.5–3 ms, and 30 ms for a function that
  /// uses 1 GB. Several processes are
  /// added by proportional share (PSS), as what they share is there once. More than 16 are added by what each
  /// has beyond the main process, and by proportional share where that comes over `limit`, or now and then
  /// where it may be too little. What cannot be read in 50 ms is left
  /// out, and looked at first the next time. What this user may not read counts as the function's.
  /// After the last process ended: the figure last known. Fails (host_lacks) when nothing was ever measured.
  /// With Look::main_process the other processes count as they did when they were last looked at, and it is
  /// cheap (20 µs natively, as long as the mark stands also under emulation). Look::none is the figure last
  /// known.
  /// Look::all_and_files also finds the memory of memfd_create(2) that nobody has mapped: some 5 µs for each
  /// open descriptor.
  enum class Look { all_and_files, all_processes, main_process, none };
  Result<MemoryFigure> peak(Look look = Look::all_processes);

  /// No less than the highest use until now, over all processes; bytes, about 0.1 ms. For a single process
  /// under emulation it is too high by what QEMU has taken since peak() last told them apart. For holding a
  /// limit: peak() need only be asked when this is over it.
  Result<std::uint64_t> at_most(Look look = Look::all_processes);

  /// Has the next peak() tell guest and QEMU apart anew if the process was given pages since that was done. A
  /// function can bring about that QEMU's share becomes smaller, and take the difference without raising the
  /// high-water mark: asked now and then, this finds it.
  void doubt();

  /// Whether there ever was more than one process.
  [[nodiscard]] bool saw_several() const { return several_; }

  /// What proc_pid_stat(5) tells of the pages that a process was given since its start.
  struct Trace {
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::uint64_t resident_pages = 0;
    bool operator==(const Trace&) const = default;
  };

  /// The main process ended with this ru_maxrss (getrusage(2), in bytes): the last word on its peak.
  void note_exit(std::uint64_t max_resident);

 private:
  using Clock = std::chrono::steady_clock;
  /// The process the function started with; the open files follow it over an exec and refuse after its end.
  struct Main {
    pid_t pid = 0;
    Fd status;
    Fd stat;
    std::optional<Trace> trace;  ///< when high_water was read
    std::optional<std::uint64_t> high_water;
  };

  Status find_main(const std::vector<pid_t>& processes);
  std::optional<std::uint64_t> read_high_water();
  Result<std::uint64_t> main_peak();
  Result<std::vector<pid_t>> processes_for(Look look);
  Result<MemoryFigure> peak_of(std::vector<pid_t> processes);
  struct Crowd {
    std::uint64_t at_least = 0;  ///< where children are copies of the main process, and share nothing else
    std::uint64_t at_most = 0;   ///< where nothing is shared
  };
  Crowd crowd(std::vector<pid_t>& processes);
  void measure_crowd(std::vector<pid_t> processes);
  void measure_files(const std::vector<pid_t>& processes);
  std::uint64_t together(const std::vector<pid_t>& processes);
  struct Share {
    std::uint64_t guest = 0;
    std::uint64_t emulator = 0;
  };
  std::optional<Share> share_of(pid_t pid, Clock::time_point latest);
  [[nodiscard]] std::uint64_t without_share(std::uint64_t resident) const;
  void raise(std::uint64_t bytes);
  [[nodiscard]] Obtained how() const;

  Options options_;
  Main main_;
  ProcessMemory memory_;
  std::optional<std::uint64_t> share_;  ///< QEMU's resident bytes in the main process, last measured
  std::uint64_t split_at_ = 0;          ///< the high-water mark when share_ was taken
  std::optional<Trace> split_trace_;    ///< the pages at that time
  std::string program_;                 ///< what the main process executed then
  bool doubted_ = false;                ///< share_ is to be taken again
  std::size_t looked_until_ = 0;        ///< of many processes; see crowd()
  Clock::time_point closely_again_;     ///< many processes may be looked at closely
  std::optional<std::uint64_t> highest_;
  std::uint64_t now_ = 0;      ///< of several processes together, when they were last looked at
  bool files_ = false;         ///< unmapped memory files made the figure
  bool several_ = false;       ///< more than one process was ever seen
  bool told_at_exit_ = false;  ///< note_exit had the last word
};

}  // namespace lemu::qemu
