// SPDX-License-Identifier: Apache-2.0
#include "qemu/freezer.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "base/syscall.hpp"
#include "qemu/errors.hpp"
#include "qemu/proc_text.hpp"

namespace lemu::qemu {
namespace {

constexpr std::size_t kMostText = 1024 * 1024;
constexpr std::string_view kPrefix = "lemu-";

/// When a process started, in clock ticks since boot: field 22 of proc_pid_stat(5). Empty when it has ended.
std::string start_of(std::string_view pid) {
  const Result<std::string> text = read_file("/proc/" + std::string(pid) + "/stat", kMostText);
  if (!text) return {};
  std::string_view rest(*text);
  rest.remove_prefix(std::min(rest.rfind(')'), rest.size()));
  std::string_view word;
  for (int field = 2; field <= 22; ++field) word = next_word(rest);
  return std::string(word);
}

std::string random_word() {
  std::uint32_t number = 0;
  static_cast<void>(::getrandom(&number, sizeof number, 0));
  return std::to_string(number);
}

/// "lemu-PID-START-RANDOM" of a lemu that has ended.
bool is_left_over(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t first = name.find('-');
  const std::size_t second = first == std::string_view::npos ? first : name.find('-', first + 1);
  if (second == std::string_view::npos || !to_number<pid_t>(name.substr(0, first))) return false;
  return start_of(name.substr(0, first)) != name.substr(first + 1, second - first - 1);
}

void sweep(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> old;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (is_left_over(entry.path().filename().native())) old.push_back(entry.path().native());
  for (const std::string& path : old) ::rmdir(path.c_str());
}

bool write_word(const std::string& path, std::string_view word) {
  const Result<Fd> file = open_file(path, O_WRONLY);
  return file && write_all(file->get(), word);
}

}  // namespace

Result<Freezer> Freezer::make(const Cgroups& cgroups) {
  const auto ours = std::find_if(cgroups.hierarchies.begin(), cgroups.hierarchies.end(),
                                 [](const CgroupHierarchy& one) { return one.version == 2; });
  if (ours == cgroups.hierarchies.end()) return fail<"no-freezer">(at<"reason">("no cgroup v2 is mounted"));
  if (ours->access != CgroupAccess::writable)
    return fail<"no-freezer">(at<"reason">("the cgroup " + ours->folder + " is not delegated to this user"));
  sweep(ours->folder);
  const std::string self = std::to_string(::getpid());
  Freezer made(ours->folder + "/" + std::string(kPrefix) + self + "-" + start_of(self) + "-" + random_word());
  if (::mkdir(made.folder_.c_str(), 0755) != 0) {
    const int code = errno;
    return fail<"no-freezer">(
        at<"reason">("cannot make " + std::exchange(made.folder_, {}) + ": " + ::strerror(code)));
  }
  if (::access((made.folder_ + "/cgroup.freeze").c_str(), W_OK) != 0)
    return fail<"no-freezer">(at<"reason">("the kernel has no cgroup.freeze (it needs Linux 5.2)"));
  return made;
}

Freezer::Freezer(Freezer&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

Freezer::~Freezer() {
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

bool Freezer::freeze() const { return write_word(folder_ + "/cgroup.freeze", "1"); }
bool Freezer::thaw() const { return write_word(folder_ + "/cgroup.freeze", "0"); }

bool Freezer::holds(const std::vector<pid_t>& processes) const {
  const Result<std::string> text = read_file(folder_ + "/cgroup.procs", kMostText);
  if (!text) return false;
  std::unordered_set<pid_t> members;
  for_each_line(*text, [&](std::string_view line) {
    if (const std::optional<pid_t> pid = to_number<pid_t>(line)) members.insert(*pid);
  });
  return std::all_of(processes.begin(), processes.end(), [&](pid_t pid) { return members.contains(pid); });
}

}  // namespace lemu::qemu
