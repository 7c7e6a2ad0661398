// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/descendants.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace lemu::sandbox {
namespace {

bool read_small(const std::string& path, std::string& into) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  into.clear();
  char buffer[4096];
  ssize_t n = 0;
  while ((n = ::read(fd, buffer, sizeof buffer)) > 0) into.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  return n == 0;
}

/// Calls `each` with every numeric entry of a folder of /proc.
template <class Each>
void for_each_number(const std::string& folder, Each each) {
  DIR* entries = ::opendir(folder.c_str());
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries)) {
    char* end = nullptr;
    const long number = std::strtol(entry->d_name, &end, 10);
    if (*end == '\0' && number > 0) each(static_cast<pid_t>(number));
  }
  ::closedir(entries);
}

/// false: this kernel has no such file (CONFIG_PROC_CHILDREN).
bool append_children(pid_t parent, std::vector<pid_t>& into) {
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  bool known = true;
  std::string text;
  for_each_number(tasks, [&](pid_t thread) {
    if (!read_small(tasks + "/" + std::to_string(thread) + "/children", text)) {
      known = known && errno != ENOENT;
      return;
    }
    const char* rest = text.c_str();
    while (true) {
      char* end = nullptr;
      const long child = std::strtol(rest, &end, 10);
      if (end == rest) break;
      into.push_back(static_cast<pid_t>(child));
      rest = end;
    }
  });
  return known;
}

pid_t parent_of(pid_t pid) {
  std::string text;
  if (!read_small("/proc/" + std::to_string(pid) + "/stat", text)) return 0;
  // "PID (COMMAND) STATE PPID": the command may hold anything, so the last parenthesis counts.
  const std::size_t close = text.rfind(')');
  if (close == std::string::npos || close + 4 > text.size()) return 0;
  return static_cast<pid_t>(std::strtol(text.c_str() + close + 4, nullptr, 10));
}

std::vector<pid_t> by_parent_ids(pid_t root) {
  std::vector<std::pair<pid_t, pid_t>> all;
  for_each_number("/proc", [&](pid_t pid) { all.emplace_back(pid, parent_of(pid)); });
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const auto& [pid, parent] : all)
      if (parent == found[i]) found.push_back(pid);
  found.erase(found.begin());
  return found;
}

}  // namespace

std::vector<pid_t> descendants_of(pid_t root) {
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!append_children(found[i], found) && i == 0) return by_parent_ids(root);
  found.erase(found.begin());
  return found;
}

void kill_and_reap_descendants(void (*reaped)(pid_t, int, void*), void* context) {
  // A process that forks faster than it is killed is caught by the rounds that follow: each round's victims
  // cannot fork any more, and their orphans come to the caller.
  while (true) {
    for (pid_t pid : descendants_of(::getpid())) ::kill(pid, SIGKILL);
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 && errno == ECHILD) return;
    while (pid > 0) {
      reaped(pid, status, context);
      pid = ::waitpid(-1, &status, WNOHANG);
    }
    if (pid < 0 && errno == ECHILD) return;
  }
}

}  // namespace lemu::sandbox
