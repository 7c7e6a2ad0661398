// SPDX-License-Identifier: Apache-2.0
#include "qemu/guest_memory.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "qemu/errors.hpp"
#include "qemu/memory_split.hpp"
#include "qemu/proc_text.hpp"

namespace lemu::qemu {
namespace {

/// Telling guest and QEMU apart costs a millisecond, so it is done when it can change the figure by this
/// much.
constexpr std::uint64_t kSplitPrecision = 1024 * kKib;

/// The fields after the name, in proc_pid_stat(5)'s numbers less three.
constexpr std::size_t kMinorFaults = 10 - 3;
constexpr std::size_t kMajorFaults = 12 - 3;
constexpr std::size_t kResident = 24 - 3;

/// What an open /proc/PID/stat says of the pages that the process was given; nothing when it has ended.
std::optional<MemoryMeter::Trace> read_trace(int stat) {
  std::array<char, 2048> buffer;
  std::string_view text = read_short(stat, buffer.data(), buffer.size());
  text.remove_prefix(std::min(text.rfind(')'), text.size()));
  next_word(text);
  std::array<std::string_view, kResident + 1> fields;
  for (std::string_view& field : fields) field = next_word(text);
  const auto minor = to_number<std::uint64_t>(fields[kMinorFaults]);
  const auto major = to_number<std::uint64_t>(fields[kMajorFaults]);
  const auto resident = to_number<std::uint64_t>(fields[kResident]);
  if (!minor || !major || !resident) return std::nullopt;
  return MemoryMeter::Trace{*minor, *major, *resident};
}

/// The proportional share in the text of smaps_rollup.
std::uint64_t rollup_pss(std::string_view text) {
  std::uint64_t sum = 0;
  for (const std::string_view key : {"Pss:", "SwapPss:", "Private_Hugetlb:", "Shared_Hugetlb:"})
    sum += find_field(text, key).value_or(0);
  return sum;
}

tl::unexpected<Error> absent(std::string_view why) { return fail<"memory-not-measured">(at<"reason">(why)); }

/// Smaps waits for the kernel to finish what a process does to its memory, its forking above all: not to be
/// read of each in a fork bomb, and of none for long.
constexpr std::size_t kFewProcesses = 16;
/// Beyond it the rest is left out, which makes a sum too small, never too large.
constexpr std::chrono::milliseconds kLongestLook{50};
/// A close look at many processes is given a twentieth of the time at most.
constexpr int kRestAfterALook = 20;
/// The most that is taken for QEMU's in several processes together: split_smaps() allows each as much as one
/// ever needs, and few need it.
constexpr std::uint64_t kMostEmulator = 256 * 1024 * kKib;
constexpr std::uint64_t kMostEmulatorOfChild = 32 * 1024 * kKib;

}  // namespace

Status MemoryMeter::find_main(const std::vector<pid_t>& processes) {
  if (processes.empty() && options_.main == 0) return absent("no process of it is running");
  const pid_t pid = options_.main != 0 ? options_.main : processes.front();
  Fd status = memory_.open_status(pid);
  Result<Fd> stat = memory_.open(pid, "stat");
  if (!status.valid() || !stat) return absent("its process has ended");
  main_ = {.pid = pid, .status = std::move(status), .stat = *std::move(stat)};
  share_.reset();
  split_at_ = 0;
  return {};
}

std::uint64_t MemoryMeter::without_share(std::uint64_t resident) const {
  return resident - std::min(resident, share_.value_or(0));
}

void MemoryMeter::raise(std::uint64_t bytes) { highest_ = std::max(highest_.value_or(0), bytes); }

Obtained MemoryMeter::how() const {
  if (options_.execution == Execution::emulated) return Obtained::sampled_and_split;
  return several_ || files_ ? Obtained::sampled : Obtained::exact;
}

/// The most that the main process has held; nothing when it has ended. To make its long text takes the kernel
/// three times as long as to say whether there were page faults since: without one the mark cannot have
/// risen.
std::optional<std::uint64_t> MemoryMeter::read_high_water() {
  const std::optional<Trace> now = read_trace(main_.stat.get());
  if (!now || now != main_.trace) {
    std::optional<MemoryStatus> status = read_memory_status(main_.status.get());
    if (!status) {  // the thread that it was read from has ended
      main_.status = memory_.open_status(main_.pid);
      if (main_.status.valid()) status = read_memory_status(main_.status.get());
    }
    main_.high_water.reset();
    if (status) main_.high_water = status->peak();
    main_.trace = now;  // from before the mark: what comes between the two is seen the next time
  }
  return main_.high_water;
}

Result<std::uint64_t> MemoryMeter::main_peak() {
  const std::optional<std::uint64_t> high_water = read_high_water();
  if (!high_water) {
    main_ = {};
    return absent("its process has ended");
  }
  if (options_.execution == Execution::native) {
    raise(*high_water);
    return *high_water;
  }
  // With a share taken earlier the mark's rise is the guest's at most: QEMU's share only grows, unless the
  // guest plays with it (doubt()). After an exec the mark is lower.
  const std::uint64_t at_most = without_share(*high_water);
  const bool little_to_learn =
      share_ && !doubted_ && *high_water >= split_at_ && at_most < highest_.value_or(0) + kSplitPrecision;
  if (little_to_learn) return highest_.value_or(at_most);
  doubted_ = false;
  split_trace_ = main_.trace;
  split_at_ = *high_water;
  // What this user may not read is not certainly QEMU's.
  const tl::expected<std::string_view, Unread> smaps =
      memory_.mappings(main_.pid, "smaps", Clock::now() + kLongestLook);
  if (smaps) {
    const MemorySplit now = split_smaps(*smaps);
    share_ = now.emulator_rss;
    program_ = memory_.program(main_.pid);
    raise(now.guest_rss);
  } else if (!memory_.status(main_.pid)) {
    main_ = {};
    return absent("its process has ended");
  } else if (!share_) {
    share_ = 0;
  }
  raise(without_share(*high_water));
  return without_share(*high_water);
}

void MemoryMeter::doubt() {
  if (options_.execution != Execution::emulated || !main_.stat.valid()) return;
  doubted_ = doubted_ || split_trace_ != read_trace(main_.stat.get());
}

/// The proportional share of one process. Of one that this user may not look into, all that it holds is the
/// guest's; and of one that is not run by QEMU, which starts with the function. Nothing when it is not to be
/// known in time.
std::optional<MemoryMeter::Share> MemoryMeter::share_of(pid_t pid, Clock::time_point latest) {
  const bool emulated = options_.execution == Execution::emulated && memory_.program(pid) == program_;
  const tl::expected<std::string_view, Unread> text =
      memory_.mappings(pid, emulated ? "smaps" : "smaps_rollup", latest);
  if (!text && text.error() == Unread::busy) return std::nullopt;
  if (!text) {
    const std::optional<MemoryStatus> status = memory_.status(pid);
    return Share{.guest = status ? status->held() : 0};  // one that ended meanwhile uses nothing
  }
  if (!emulated) return Share{.guest = rollup_pss(*text)};
  const MemorySplit split = split_smaps(*text);
  return Share{.guest = split.guest_pss, .emulator = split.emulator_pss};
}

/// The function's processes where all are to be looked at; finds the main one either way.
Result<std::vector<pid_t>> MemoryMeter::processes_for(Look look) {
  std::vector<pid_t> processes;
  if (look == Look::all_processes || look == Look::all_and_files) {
    const sandbox::SearchLimits limits{.latest = Clock::now() + kLongestLook};
    processes = options_.table != nullptr ? options_.table->descendants(options_.helper, limits)
                                          : sandbox::descendants(options_.helper, options_.proc, limits);
  }
  if (processes.size() > 1) several_ = true;
  if (!main_.status.valid() && (options_.main != 0 || !processes.empty())) {
    Status found = find_main(processes);
    if (!found && !highest_) return fail(std::move(found.error()));
  }
  return processes;
}

/// What memory files hold beyond all that is mapped and shared, which may be theirs.
void MemoryMeter::measure_files(const std::vector<pid_t>& processes) {
  const std::uint64_t files = memory_.memory_files(processes, Clock::now() + kLongestLook);
  if (files < kSplitPrecision) return;
  std::uint64_t shared = 0;
  std::uint64_t of_main = 0;
  for (const pid_t pid : processes) {
    const std::optional<MemoryStatus> status = memory_.status(pid);
    if (!status) continue;
    shared += status->shared;
    if (pid == main_.pid) of_main = without_share(status->held());
  }
  const std::uint64_t used = (processes.size() > 1 ? now_ : of_main) + files - std::min(files, shared);
  files_ = files_ || used > highest_.value_or(0);
  raise(used);
}

Result<std::uint64_t> MemoryMeter::at_most(Look look) {
  Result<std::vector<pid_t>> processes = processes_for(look);
  LEMU_TRY(processes);
  if (look == Look::all_and_files) measure_files(*processes);
  if (options_.execution == Execution::native || processes->size() > 1) {
    Result<MemoryFigure> figure = peak_of(*std::move(processes));
    LEMU_TRY(figure);
    return figure->bytes;
  }
  const std::optional<std::uint64_t> high_water = main_.status.valid() ? read_high_water() : std::nullopt;
  if (!high_water && !highest_) return absent("its process has ended");
  return std::max(without_share(high_water.value_or(0)), highest_.value_or(0));
}

Result<MemoryFigure> MemoryMeter::peak(Look look) {
  if (look == Look::none && highest_) return MemoryFigure{*highest_, how()};
  Result<std::vector<pid_t>> processes = processes_for(look);
  LEMU_TRY(processes);
  return peak_of(*std::move(processes));
}

/// What many processes use by the kernel's counters, which are read without waiting. Leaves those that could
/// be read, the largest first.
MemoryMeter::Crowd MemoryMeter::crowd(std::vector<pid_t>& processes) {
  const Clock::time_point latest = Clock::now() + kLongestLook;
  const std::optional<MemoryStatus> main =
      main_.status.valid() ? read_memory_status(main_.status.get()) : std::nullopt;
  const std::uint64_t of_main = main ? main->anonymous : 0;
  Crowd found;
  found.at_least = found.at_most = without_share(main ? main->held() : 0);
  std::vector<std::pair<std::uint64_t, pid_t>> sizes;
  // A look that is cut short is gone on with by the next: nobody hides behind the others.
  const auto first = static_cast<std::ptrdiff_t>(looked_until_ % processes.size());
  std::rotate(processes.begin(), processes.begin() + first, processes.end());
  std::size_t looked = 0;
  for (const pid_t pid : processes) {
    if (Clock::now() > latest) break;
    ++looked;
    const std::optional<MemoryStatus> status = memory_.status(pid);
    if (!status) continue;
    sizes.emplace_back(status->held(), pid);
    if (pid == main_.pid) continue;
    const std::uint64_t own = status->anonymous + status->swapped;
    found.at_least += own - std::min(own, of_main) + status->huge;
    found.at_most += own + status->shared + status->huge;
  }
  looked_until_ = looked < processes.size() ? looked_until_ + looked : 0;
  std::sort(sizes.rbegin(), sizes.rend());
  processes.clear();
  for (const auto& [bytes, pid] : sizes) processes.push_back(pid);
  return found;
}

void MemoryMeter::measure_crowd(std::vector<pid_t> processes) {
  const Crowd found = crowd(processes);
  if (found.at_least <= options_.limit) {
    now_ = found.at_least;
    raise(now_);
    // Children need not have begun as copies of what the main process is now, and what they share is seen
    // only closely: that is looked at too, but as it takes its time, not each time.
    const bool much_to_learn = found.at_most > highest_.value_or(0) + kSplitPrecision;
    if (!much_to_learn || Clock::now() < closely_again_) return;
  }
  const Clock::time_point begun = Clock::now();
  now_ = together(processes);
  raise(now_);
  closely_again_ = Clock::now() + kRestAfterALook * (Clock::now() - begun);
}

/// The sum of their proportional shares, as far as they can be read in time; no less than the largest of the
/// others has for itself, so that none hides by forking without end.
std::uint64_t MemoryMeter::together(const std::vector<pid_t>& processes) {
  const Clock::time_point latest = Clock::now() + kLongestLook;
  const std::vector<pid_t> distinct = memory_.distinct(processes);
  std::uint64_t guest = 0;
  std::uint64_t emulator = 0;
  std::uint64_t unread = 0;
  for (const pid_t pid : distinct) {
    if (Clock::now() > latest) break;
    if (const std::optional<Share> share = share_of(pid, latest)) {
      guest += share->guest;
      emulator += share->emulator;
    } else if (const std::optional<MemoryStatus> status = memory_.status(pid)) {
      unread = std::max(unread, without_share(status->anonymous + status->swapped + status->huge));
    }
  }
  const std::uint64_t most = kMostEmulator + (distinct.size() - 1) * kMostEmulatorOfChild;
  return std::max(guest + emulator - std::min(emulator, most), unread);
}

Result<MemoryFigure> MemoryMeter::peak_of(std::vector<pid_t> processes) {
  Result<std::uint64_t> own =
      main_.status.valid() ? main_peak() : Result<std::uint64_t>(absent("its process has ended"));
  if (processes.size() > kFewProcesses) {
    measure_crowd(std::move(processes));
  } else if (processes.size() > 1) {
    now_ = together(processes);
    raise(now_);
  }
  if (!highest_) return fail(std::move(own.error()));
  const bool gone = !own && !told_at_exit_ && how() == Obtained::exact;
  return MemoryFigure{*highest_, gone ? Obtained::sampled : how()};
}

void MemoryMeter::note_exit(std::uint64_t max_resident) {
  if (options_.execution == Execution::native || share_) raise(without_share(max_resident));
  told_at_exit_ = true;
  main_ = {};
}

}  // namespace lemu::qemu
