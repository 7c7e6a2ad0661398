// SPDX-License-Identifier: Apache-2.0
#include "qemu/process_memory.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <set>
#include <utility>

#include "base/syscall.hpp"
#include "qemu/errors.hpp"
#include "qemu/proc_text.hpp"
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::qemu {
namespace {

/// What a link of /proc names; empty when that is not to be known.
std::string target_of(const std::string& link) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return {target.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

}  // namespace

std::uint64_t MemoryStatus::peak() const { return std::max(high_water + huge, held()); }

std::optional<MemoryStatus> parse_memory_status(std::string_view text) {
  const std::optional<std::uint64_t> resident = find_field(text, "VmRSS:");
  if (!resident) return std::nullopt;
  const auto of = [text](std::string_view key) { return find_field(text, key).value_or(0); };
  return MemoryStatus{.high_water = of("VmHWM:"),
                      .resident = *resident,
                      .anonymous = of("RssAnon:"),
                      .shared = of("RssShmem:"),
                      .swapped = of("VmSwap:"),
                      .huge = of("HugetlbPages:")};
}

std::string_view read_short(int fd, char* buffer, std::size_t size) {
  ssize_t n = 0;
  do n = ::pread(fd, buffer, size, 0);
  while (n < 0 && errno == EINTR);
  return std::string_view(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
}

std::optional<MemoryStatus> read_memory_status(int status) {
  std::array<char, 8192> text;
  return parse_memory_status(read_short(status, text.data(), text.size()));
}

Result<Fd> ProcessMemory::open(pid_t pid, const char* name) const {
  return open_file(proc_ + "/" + std::to_string(pid) + "/" + name, O_RDONLY);
}

Fd ProcessMemory::open_status(pid_t pid) const {
  Result<Fd> first = open(pid, "status");
  if (!first) return Fd();
  if (read_memory_status(first->get())) return *std::move(first);
  const std::string tasks = proc_ + "/" + std::to_string(pid) + "/task/";
  for (const pid_t thread : other_threads(pid)) {
    Result<Fd> other = open_file(tasks + std::to_string(thread) + "/status", O_RDONLY);
    if (other && read_memory_status(other->get())) return *std::move(other);
  }
  return Fd();
}

std::optional<MemoryStatus> ProcessMemory::status(pid_t pid) const {
  const Fd status = open_status(pid);
  return status.valid() ? read_memory_status(status.get()) : std::nullopt;
}

tl::expected<std::string_view, Unread> ProcessMemory::mappings(pid_t pid, const char* name,
                                                               std::chrono::steady_clock::time_point latest) {
  using Text = tl::expected<std::string_view, Unread>;
  const std::string folder = proc_ + "/" + std::to_string(pid);
  const auto is_answer = [](const Text& text) {
    return text ? !text->empty() : text.error() == Unread::busy;
  };
  const Text text = reader_.read(folder + "/" + name, latest);
  if (is_answer(text)) return text;
  // The first thread has ended, and others go on: its files are empty, or (seen on Linux 6.18) cannot be
  // opened.
  for (const pid_t thread : other_threads(pid)) {
    const Text found = reader_.read(folder + "/task/" + std::to_string(thread) + "/" + name, latest);
    if (is_answer(found)) return found;
  }
  return tl::unexpected(text ? Unread::ended : text.error());
}

std::vector<pid_t> ProcessMemory::other_threads(pid_t pid) const {
  std::vector<pid_t> threads = sandbox::numbers_in(proc_ + "/" + std::to_string(pid) + "/task");
  std::erase(threads, pid);
  return threads;
}

std::string ProcessMemory::program(pid_t pid) const {
  const std::string folder = proc_ + "/" + std::to_string(pid);
  std::string program = target_of(folder + "/exe");
  if (!program.empty()) return program;
  for (const pid_t thread : other_threads(pid)) {
    program = target_of(folder + "/task/" + std::to_string(thread) + "/exe");
    if (!program.empty()) return program;
  }
  return {};
}

std::uint64_t ProcessMemory::memory_files(const std::vector<pid_t>& processes,
                                          std::chrono::steady_clock::time_point latest) {
  constexpr std::uint64_t kBlock = 512;  // of st_blocks
  std::set<std::pair<dev_t, ino_t>> seen;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < processes.size() && std::chrono::steady_clock::now() < latest; ++i) {
    // A look that is cut short is gone on with by the next.
    const pid_t pid = processes[looked_for_files_++ % processes.size()];
    const std::string folder = proc_ + "/" + std::to_string(pid) + "/fd";
    for (const int number : sandbox::numbers_in(folder)) {
      const std::string link = folder + "/" + std::to_string(number);
      struct stat status {};
      if (!target_of(link).starts_with("/memfd:") || ::stat(link.c_str(), &status) != 0) continue;
      if (seen.emplace(status.st_dev, status.st_ino).second)
        sum += static_cast<std::uint64_t>(status.st_blocks) * kBlock;
    }
  }
  return sum;
}

bool ProcessMemory::same_memory(pid_t one, pid_t other) const {
  if (proc_ != "/proc") return false;  // the kernel knows its own processes only
  if (::syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0) != 0) return false;
  // The first threads of two processes are also alike where both have ended and others go on.
  const auto alive = [this](pid_t pid) {
    const Result<Fd> status = open(pid, "status");
    return status && read_memory_status(status->get());
  };
  return alive(one) && alive(other);
}

std::vector<pid_t> ProcessMemory::distinct(const std::vector<pid_t>& processes) const {
  constexpr std::ptrdiff_t kNear = 16;
  std::vector<pid_t> kept;
  for (const pid_t pid : processes) {
    const auto near = kept.end() - std::min(kNear, std::ssize(kept));
    if (std::none_of(near, kept.end(), [&](pid_t other) { return same_memory(other, pid); }))
      kept.push_back(pid);
  }
  return kept;
}

}  // namespace lemu::qemu
