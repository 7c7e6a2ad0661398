// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/process_tree.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::sandbox;
using namespace lemu::qemu::test;

namespace {

struct Process {
  pid_t pid;
  pid_t parent;
  const char* name;
};

// The helper 10 has a second stage 11 of its own, which starts the function 20; that has a child, which
// renamed itself as the helper, and that one a child. 99 is a stranger.
constexpr Process kTree[] = {{10, 1, "lemu-sandbox"}, {11, 10, "lemu-sandbox"},
                             {20, 11, "boot) strap"}, {21, 20, "lemu-sandbox"},
                             {22, 21, "x"},           {99, 1, "stranger"}};

std::string folder_of(pid_t pid) { return std::to_string(pid) + "/"; }

void add_stats(const TemporaryFolder& proc) {
  for (const Process& process : kTree)
    proc.add(folder_of(process.pid) + "stat", stat_text(process.pid, process.name, process.parent, 1), 0644);
}

void add_children(const TemporaryFolder& proc) {
  for (const Process& process : kTree) {
    std::string children;
    for (const Process& other : kTree)
      if (other.parent == process.pid) children += std::to_string(other.pid) + " ";
    const std::string tasks = folder_of(process.pid) + "task/";
    proc.add(tasks + std::to_string(process.pid) + "/children", "", 0644);
    // A thread's children count as well.
    proc.add(tasks + std::to_string(process.pid + 1000) + "/children", children, 0644);
  }
}

}  // namespace

TEST_CASE("a process's descendants, by either of the kernel's files") {
  TemporaryFolder with_children;
  add_stats(with_children);
  add_children(with_children);
  TemporaryFolder without;
  add_stats(without);
  for (const std::string& proc : {with_children.path, without.path}) {
    CAPTURE(proc);
    CHECK(descendants(10, proc) == std::vector<pid_t>{11, 20, 21, 22});
    CHECK(descendants(10, proc, {.most = 2}) == std::vector<pid_t>{11, 20});
    CHECK(descendants(10, proc, {.most = 4}) == std::vector<pid_t>{11, 20, 21, 22});
    CHECK(descendants(10, proc, {.latest = {}}) == std::vector<pid_t>{11});
    CHECK(descendants(22, proc).empty());
    CHECK(descendants(12345, proc).empty());
  }
}

TEST_CASE("the eldest child comes first, whatever its number") {
  TemporaryFolder proc;
  proc.add("10/stat", stat_text(10, "helper", 1, 1), 0644);
  proc.add("30/stat", stat_text(30, "first", 10, 5), 0644);
  proc.add("20/stat", stat_text(20, "second", 10, 6), 0644);
  CHECK(descendants(10, proc.path) == std::vector<pid_t>{30, 20});
}

TEST_CASE("this test program is among its parent's descendants") {
  const std::vector<pid_t> found = descendants(::getppid());
  CHECK(std::find(found.begin(), found.end(), ::getpid()) != found.end());
}
