// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/syscall.hpp"

namespace lemu::sandbox {
namespace {

constexpr std::size_t kMostText = 1024 * 1024;

using Children = std::unordered_map<pid_t, std::vector<pid_t>>;

struct Stat {
  std::string name;
  pid_t parent = 0;
  std::uint64_t started = 0;  ///< clock ticks since boot
};

/// The fields after the name, in proc_pid_stat(5)'s numbers less three.
constexpr std::size_t kParentField = 4 - 3;
constexpr std::size_t kStartField = 22 - 3;

template <class Number>
std::optional<Number> to_number(std::string_view word) {
  Number value = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  return error == std::errc() && stop == end ? std::optional<Number>(value) : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// "PID (NAME) STATE PPID …": the name may hold blanks and parentheses, so it ends at the last one
/// (proc_pid_stat(5)).
std::optional<Stat> read_stat(const std::string& proc, pid_t pid) {
  const Result<std::string> text = read_file(proc + "/" + std::to_string(pid) + "/stat", kMostText);
  if (!text) return std::nullopt;
  const std::size_t open = text->find('(');
  const std::size_t close = text->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  const std::vector<std::string_view> fields = words_of(std::string_view(*text).substr(close + 1));
  if (fields.size() <= kStartField) return std::nullopt;
  const std::optional<pid_t> parent = to_number<pid_t>(fields[kParentField]);
  const std::optional<std::uint64_t> started = to_number<std::uint64_t>(fields[kStartField]);
  if (!parent || !started) return std::nullopt;
  return Stat{text->substr(open + 1, close - open - 1), *parent, *started};
}

std::vector<pid_t> children_of(const std::string& proc, pid_t pid) {
  std::vector<pid_t> children;
  const std::string tasks = proc + "/" + std::to_string(pid) + "/task";
  for (const pid_t task : numbers_in(tasks)) {
    const Result<std::string> text = read_file(tasks + "/" + std::to_string(task) + "/children", kMostText);
    if (!text) continue;
    for (const std::string_view word : words_of(*text))
      if (const std::optional<pid_t> child = to_number<pid_t>(word)) children.push_back(*child);
  }
  return children;
}

/// Every process's children, the eldest first, as the kernel's own list has them.
Children all_children(const std::string& proc) {
  std::vector<std::pair<std::uint64_t, std::pair<pid_t, pid_t>>> born;  // when, whose, who
  for (const pid_t pid : numbers_in(proc))
    if (const std::optional<Stat> stat = read_stat(proc, pid))
      born.push_back({stat->started, {stat->parent, pid}});
  std::sort(born.begin(), born.end());
  Children children;
  for (const auto& [when, who] : born) children[who.first].push_back(who.second);
  return children;
}

bool kernel_lists_children(const std::string& proc, pid_t pid) {
  const std::string number = std::to_string(pid);
  return ::access((proc + "/" + number + "/task/" + number + "/children").c_str(), R_OK) == 0;
}

/// What is below `root`, where `children_of` tells a process's children.
template <class ChildrenOf>
std::vector<pid_t> below(pid_t root, const SearchLimits& limits, ChildrenOf children_of) {
  std::vector<pid_t> found = {root};
  // A process that moves while we look could be met twice.
  std::unordered_set<pid_t> seen = {root};
  for (std::size_t i = 0; i < found.size() && found.size() <= limits.most; ++i) {
    if (i > 0 && std::chrono::steady_clock::now() > limits.latest) break;
    for (const pid_t child : children_of(found[i]))
      if (seen.insert(child).second) found.push_back(child);
  }
  found.erase(found.begin());
  if (found.size() > limits.most) found.resize(limits.most);
  return found;
}

std::vector<pid_t> below_listed(const std::string& proc, pid_t root, const SearchLimits& limits) {
  return below(root, limits, [&proc](pid_t pid) { return children_of(proc, pid); });
}

std::vector<pid_t> below_in(pid_t root, const SearchLimits& limits, const Children& every) {
  return below(root, limits, [&every](pid_t pid) {
    const auto known = every.find(pid);
    return known == every.end() ? std::vector<pid_t>() : known->second;
  });
}

}  // namespace

// By getdents64(2), as opendir(3) takes and gives back 32 kB each time, and this is asked often.
std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  const Result<Fd> listing = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!listing) return numbers;
  alignas(dirent64) std::array<char, 8192> entries;
  while (true) {
    const ssize_t size = ::getdents64(listing->get(), entries.data(), entries.size());
    if (size <= 0) return numbers;
    for (ssize_t at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries.data() + at);
      if (const std::optional<pid_t> number = to_number<pid_t>(entry->d_name)) numbers.push_back(*number);
      at += entry->d_reclen;
    }
  }
}

std::vector<pid_t> descendants(pid_t root, const std::string& proc, const SearchLimits& limits) {
  if (kernel_lists_children(proc, root)) return below_listed(proc, root, limits);
  return below_in(root, limits, all_children(proc));
}

std::vector<pid_t> ProcessTable::descendants(pid_t root, const SearchLimits& limits) {
  listed_ = listed_ || kernel_lists_children(proc_, root);
  if (listed_) return below_listed(proc_, root, limits);
  constexpr int kRestAfterAReading = 10;
  const Clock::time_point now = Clock::now();
  if (now >= good_until_) {
    children_ = all_children(proc_);
    const Clock::time_point done = Clock::now();
    good_until_ = done + kRestAfterAReading * (done - now);
  }
  return below_in(root, limits, children_);
}

}  // namespace lemu::sandbox
