// SPDX-License-Identifier: Apache-2.0
#include "qemu/guest_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "base/syscall.hpp"
#include "qemu/errors.hpp"
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::qemu {
namespace {

constexpr std::uint64_t kKib = 1024;
/// QEMU's zero-initialised data is some 150 kB. A larger mapping right behind its image is the guest's,
/// merged with it.
constexpr std::uint64_t kLargestBss = 1024 * kKib;
/// Telling guest and QEMU apart costs a millisecond, so it is done when it can change the figure by this
/// much.
constexpr std::uint64_t kSplitPrecision = 1024 * kKib;

struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string_view permissions;
  std::string_view file;  ///< "DEVICE INODE", the file's identity; empty when anonymous
  std::string_view name;  ///< "[heap]", a path, or nothing
  std::uint64_t rss = 0;
  std::uint64_t pss = 0;
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view next_word(std::string_view& line) {
  const auto* const start = std::find_if_not(line.begin(), line.end(), is_blank);
  const auto* const end = std::find_if(start, line.end(), is_blank);
  const std::string_view word(start, static_cast<std::size_t>(end - start));
  line.remove_prefix(static_cast<std::size_t>(end - line.begin()));
  return word;
}

template <class Number>
std::optional<Number> to_number(std::string_view word, int base = 10) {
  Number value = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value, base);
  return error == std::errc() && stop == end ? std::optional<Number>(value) : std::nullopt;
}

/// "START-END PERMS OFFSET DEVICE INODE  NAME" (proc_pid_maps(5)); nothing for a line of another form.
std::optional<Mapping> parse_header(std::string_view line) {
  Mapping mapping;
  const std::string_view range = next_word(line);
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> start = to_number<std::uint64_t>(range.substr(0, dash), 16);
  const std::optional<std::uint64_t> end = to_number<std::uint64_t>(range.substr(dash + 1), 16);
  if (!start || !end) return std::nullopt;
  mapping.start = *start;
  mapping.end = *end;
  mapping.permissions = next_word(line);
  next_word(line);  // offset
  const std::string_view device = next_word(line);
  const std::string_view inode = next_word(line);
  if (inode.empty()) return std::nullopt;
  // Both words lie in the same text, one blank apart: together they name the file.
  if (inode != "0") mapping.file = {device.data(), static_cast<std::size_t>(inode.end() - device.begin())};
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  mapping.name = line;
  return mapping;
}

/// "Rss:   12 kB" of a line that begins with `key`.
std::optional<std::uint64_t> kib_field(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  const std::optional<std::uint64_t> value = to_number<std::uint64_t>(next_word(line));
  if (!value) return std::nullopt;
  return *value * kKib;
}

template <class Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<Mapping> parse_smaps(std::string_view smaps) {
  std::vector<Mapping> mappings;
  for_each_line(smaps, [&](std::string_view line) {
    // A field's line begins with an upper-case letter, a mapping's with lower-case hexadecimal digits.
    const bool field = !line.empty() && line.front() >= 'A' && line.front() <= 'Z';
    if (!field) {
      if (std::optional<Mapping> mapping = parse_header(line)) mappings.push_back(*mapping);
    } else if (!mappings.empty()) {
      if (const std::optional<std::uint64_t> rss = kib_field(line, "Rss:")) mappings.back().rss = *rss;
      if (const std::optional<std::uint64_t> pss = kib_field(line, "Pss:")) mappings.back().pss = *pss;
    }
  });
  return mappings;
}

/// The kernel's names for what it made itself; "[anon:…]" is only a label on an anonymous mapping.
bool made_by_kernel(std::string_view name) { return name.starts_with('[') && !name.starts_with("[anon"); }

std::optional<std::uint64_t> find_field(std::string_view text, std::string_view key) {
  std::size_t at = text.find(key);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n') at = text.find(key, at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  return kib_field(text.substr(at, text.find('\n', at) - at), key);
}

/// A /proc file's text from its start, in `buffer`, which keeps its size from read to read; fails with ESRCH
/// when the process has ended.
Result<std::string_view> pread_all(int fd, std::string& buffer) {
  constexpr std::size_t kBlock = 64 * 1024;
  std::size_t size = 0;
  while (true) {
    if (buffer.size() < size + kBlock) buffer.resize(size + kBlock);
    const ssize_t n = ::pread(fd, buffer.data() + size, kBlock, static_cast<off_t>(size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno<"memory-not-read">(errno);
    if (n == 0) return std::string_view(buffer).substr(0, size);
    size += static_cast<std::size_t>(n);
  }
}

/// The text of a short /proc file, which comes with one read; empty when the process has ended.
template <std::size_t size>
std::string_view read_short(int fd, std::array<char, size>& buffer) {
  ssize_t n = 0;
  do n = ::pread(fd, buffer.data(), buffer.size(), 0);
  while (n < 0 && errno == EINTR);
  return std::string_view(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
}

/// One field of an open /proc/PID/status; nothing when the process has ended.
std::optional<std::uint64_t> read_status_field(int status, std::string_view key) {
  std::array<char, 8192> text;
  return find_field(read_short(status, text), key);
}

/// The fields after the name, in proc_pid_stat(5)'s numbers less three.
constexpr std::size_t kMinorFaults = 10 - 3;
constexpr std::size_t kMajorFaults = 12 - 3;
constexpr std::size_t kResident = 24 - 3;

/// What an open /proc/PID/stat says of the pages that the process was given; nothing when it has ended.
std::optional<MemoryMeter::Trace> read_trace(int stat) {
  std::array<char, 2048> buffer;
  std::string_view text = read_short(stat, buffer);
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

Result<Fd> open_of(const MemoryMeter::Options& options, pid_t pid, const char* name) {
  return open_file(options.proc + "/" + std::to_string(pid) + "/" + name, O_RDONLY);
}

tl::unexpected<Error> absent(std::string_view why) { return fail<"memory-not-measured">(why); }

/// Smaps waits for the kernel to finish what a process does to its memory, its forking above all: not to be
/// read of each in a fork bomb.
constexpr std::size_t kFewProcesses = 16;
/// Beyond it the rest is left out, which makes a sum too small, never too large.
constexpr std::chrono::milliseconds kLongestLook{50};

}  // namespace

MemorySplit split_smaps(std::string_view smaps) {
  const std::vector<Mapping> mappings = parse_smaps(smaps);
  const auto executable = [](const Mapping& mapping) {
    return mapping.permissions.find('x') != std::string_view::npos;
  };
  std::unordered_set<std::string_view> emulator_files;
  for (const Mapping& mapping : mappings)
    if (executable(mapping) && !mapping.file.empty()) emulator_files.insert(mapping.file);

  MemorySplit split;
  std::uint64_t image_end = 0;  // where the last mapping of an emulator's file ended
  for (const Mapping& mapping : mappings) {
    const bool of_file = !mapping.file.empty() && emulator_files.contains(mapping.file);
    const bool bss =
        mapping.file.empty() && mapping.start == image_end && mapping.end - mapping.start <= kLargestBss;
    if (of_file) image_end = mapping.end;
    if (of_file || bss || executable(mapping) || made_by_kernel(mapping.name)) {
      split.emulator_rss += mapping.rss;
    } else {
      split.guest_rss += mapping.rss;
      split.guest_pss += mapping.pss;
    }
  }
  return split;
}

Status MemoryMeter::find_main(const std::vector<pid_t>& processes) {
  if (processes.empty() && options_.main == 0) return absent("no process of it is running");
  const pid_t pid = options_.main != 0 ? options_.main : processes.front();
  Result<Fd> status = open_of(options_, pid, "status");
  Result<Fd> stat = open_of(options_, pid, "stat");
  if (!status || !stat) return absent("its process has ended");
  main_ = {.pid = pid, .status = *std::move(status), .stat = *std::move(stat)};
  share_.reset();
  split_at_ = 0;
  return {};
}

Result<MemorySplit> MemoryMeter::split(pid_t pid) {
  // Opened anew each time: an open smaps stays with the memory of the program before an exec.
  Result<Fd> smaps = open_of(options_, pid, "smaps");
  if (!smaps) return absent(smaps.error().message);
  Result<std::string_view> text = pread_all(smaps->get(), buffer_);
  if (!text) return fail(std::move(text.error()));
  return split_smaps(*text);
}

std::uint64_t MemoryMeter::without_share(std::uint64_t resident) const {
  return resident - std::min(resident, share_.value_or(0));
}

void MemoryMeter::raise(std::uint64_t bytes) { highest_ = std::max(highest_.value_or(0), bytes); }

Obtained MemoryMeter::how() const {
  if (options_.execution == Execution::emulated) return Obtained::sampled_and_split;
  return several_ ? Obtained::sampled : Obtained::exact;
}

/// The kernel's mark for the main process; nothing when it has ended. To make its long text takes the kernel
/// three times as long as to say whether there were page faults since: without one the mark cannot have
/// risen.
std::optional<std::uint64_t> MemoryMeter::read_high_water() {
  const std::optional<Trace> now = read_trace(main_.stat.get());
  if (!now || now != main_.trace) {
    main_.high_water = read_status_field(main_.status.get(), "VmHWM:");
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
  // With a share taken earlier the mark's rise is the guest's at most: QEMU's share only grows. After an exec
  // the mark is lower.
  const std::uint64_t at_most = without_share(*high_water);
  const bool little_to_learn =
      share_ && *high_water >= split_at_ && at_most < highest_.value_or(0) + kSplitPrecision;
  if (little_to_learn) return highest_.value_or(at_most);
  Result<MemorySplit> now = split(main_.pid);
  if (!now) return fail(std::move(now.error()));
  share_ = now->emulator_rss;
  split_at_ = *high_water;
  raise(now->guest_rss);
  raise(without_share(*high_water));
  return without_share(*high_water);
}

/// The proportional share of one process, less QEMU's part.
std::uint64_t MemoryMeter::share_of(pid_t pid) {
  if (options_.execution == Execution::emulated) {
    const Result<MemorySplit> now = split(pid);
    return now ? now->guest_pss : 0;  // one that ended meanwhile uses nothing
  }
  Result<Fd> rollup = open_of(options_, pid, "smaps_rollup");
  if (!rollup) return 0;
  const Result<std::string_view> text = pread_all(rollup->get(), buffer_);
  return text ? find_field(*text, "Pss:").value_or(0) : 0;
}

/// The function's processes where all are to be looked at; finds the main one either way.
Result<std::vector<pid_t>> MemoryMeter::processes_for(Look look) {
  std::vector<pid_t> processes;
  if (look == Look::all_processes) {
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

Result<std::uint64_t> MemoryMeter::at_most(Look look) {
  Result<std::vector<pid_t>> processes = processes_for(look);
  if (!processes) return fail(std::move(processes.error()));
  if (options_.execution == Execution::native || processes->size() > 1) {
    Result<MemoryFigure> figure = peak_of(*std::move(processes));
    if (!figure) return fail(std::move(figure.error()));
    return figure->bytes;
  }
  const std::optional<std::uint64_t> high_water = main_.status.valid() ? read_high_water() : std::nullopt;
  if (!high_water && !highest_) return absent("its process has ended");
  return std::max(without_share(high_water.value_or(0)), highest_.value_or(0));
}

Result<MemoryFigure> MemoryMeter::peak(Look look) {
  if (look == Look::none && highest_) return MemoryFigure{*highest_, how()};
  Result<std::vector<pid_t>> processes = processes_for(look);
  if (!processes) return fail(std::move(processes.error()));
  return peak_of(*std::move(processes));
}

/// What many processes use by the kernel's counters, which are read without waiting: of each what it has
/// beyond the main process, as children begin as its copies. Leaves those that could be read, the largest
/// first.
std::uint64_t MemoryMeter::crowd(std::vector<pid_t>& processes) {
  const Clock::time_point latest = Clock::now() + kLongestLook;
  std::vector<std::pair<std::uint64_t, pid_t>> anonymous;
  std::uint64_t of_main = 0;
  std::uint64_t sum = 0;
  for (const pid_t pid : processes) {
    if (Clock::now() > latest) break;
    const Result<Fd> status = open_of(options_, pid, "status");
    if (!status) continue;
    const std::uint64_t bytes = read_status_field(status->get(), "RssAnon:").value_or(0);
    anonymous.emplace_back(bytes, pid);
    if (pid != main_.pid) continue;
    of_main = bytes;
    sum = without_share(read_status_field(status->get(), "VmRSS:").value_or(0));
  }
  std::sort(anonymous.rbegin(), anonymous.rend());
  processes.clear();
  for (const auto& [bytes, pid] : anonymous) {
    processes.push_back(pid);
    if (pid != main_.pid) sum += bytes - std::min(bytes, of_main);
  }
  return sum;
}

/// The sum of their proportional shares.
std::uint64_t MemoryMeter::together(const std::vector<pid_t>& processes) {
  const Clock::time_point latest = Clock::now() + kLongestLook;
  std::uint64_t sum = 0;
  for (const pid_t pid : processes) {
    if (Clock::now() > latest) break;
    sum += share_of(pid);
  }
  return sum;
}

Result<MemoryFigure> MemoryMeter::peak_of(std::vector<pid_t> processes) {
  Result<std::uint64_t> own =
      main_.status.valid() ? main_peak() : Result<std::uint64_t>(absent("its process has ended"));
  if (processes.size() > kFewProcesses) {
    const std::uint64_t sum = crowd(processes);
    raise(sum > options_.limit ? together(processes) : sum);
  } else if (processes.size() > 1) {
    raise(together(processes));
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
