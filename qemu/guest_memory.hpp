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
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::qemu {

/// The resident memory of one process under QEMU, split by whose it is; bytes.
struct MemorySplit {
  std::uint64_t guest_rss = 0;
  std::uint64_t guest_pss = 0;
  std::uint64_t emulator_rss = 0;
};

/// Splits the text of /proc/PID/smaps. QEMU and its guest share one address space, and in QEMU 10 (not yet in
/// 7.2) their mappings lie side by side, so the split goes by what a mapping is, never by its address.
/// QEMU's own are
///   - executable mappings: the guest's code is translated and never executed by the host, so what is
///     executable is QEMU's code or its buffer of translated code;
///   - every mapping of a file of which some part is executable (QEMU and its libraries), and the
///     zero-initialised data that follows it directly;
///   - what the kernel made for QEMU: [heap], [stack], [vdso] and the like. The guest's heap and stacks are
///     mapped by QEMU and have no name.
/// All else is the guest's. QEMU's malloc stays in [heap] with sandbox::kQemuEnvironment; without it, about
/// 0.5 MB and 0.8 MB for each guest thread come to be counted as the guest's.
[[nodiscard]] MemorySplit split_smaps(std::string_view smaps);

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
  explicit MemoryMeter(Options options) : options_(std::move(options)) {}

  /// The highest use until now, over all processes. About 0.1 ms natively or while the high-water mark rises
  /// by less than 1 MiB (the precision under emulation); else, there, 0.5–3 ms, and 30 ms for a function that
  /// uses 1 GB. Several processes are
  /// added by proportional share (PSS), as what they share is there once; more than 16, unless they come over
  /// `limit`, by the memory that each has beyond the main process. What cannot be read in 50 ms is left out.
  /// After the last process ended: the figure last known. Fails (host_lacks) when nothing was ever measured.
  /// With Look::main_process the other processes count as they did when they were last looked at, and it is
  /// cheap (20 µs natively, as long as the mark stands also under emulation). Look::none is the figure last
  /// known.
  enum class Look { all_processes, main_process, none };
  Result<MemoryFigure> peak(Look look = Look::all_processes);

  /// No less than the highest use until now, over all processes; bytes, about 0.1 ms. For a single process
  /// under emulation it is too high by what QEMU has taken since peak() last told them apart. For holding a
  /// limit: peak() need only be asked when this is over it.
  Result<std::uint64_t> at_most(Look look = Look::all_processes);

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
  std::uint64_t crowd(std::vector<pid_t>& processes);
  std::uint64_t together(const std::vector<pid_t>& processes);
  std::uint64_t share_of(pid_t pid);
  Result<MemorySplit> split(pid_t pid);
  [[nodiscard]] std::uint64_t without_share(std::uint64_t resident) const;
  void raise(std::uint64_t bytes);
  [[nodiscard]] Obtained how() const;

  Options options_;
  Main main_;
  std::string buffer_;                  ///< reused, and never made smaller: smaps is some 50 kB
  std::optional<std::uint64_t> share_;  ///< QEMU's resident bytes in the main process, last measured
  std::uint64_t split_at_ = 0;          ///< the high-water mark when share_ was taken
  std::optional<std::uint64_t> highest_;
  bool several_ = false;       ///< more than one process was ever seen
  bool told_at_exit_ = false;  ///< note_exit had the last word
};

}  // namespace lemu::qemu
