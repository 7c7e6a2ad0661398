// SPDX-License-Identifier: Apache-2.0
#include "qemu/freezer.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;

TEST_CASE("without a hierarchy of version 2 that is ours there is no freezer, and the error says which") {
  struct Row {
    Cgroups cgroups;
    const char* why;
  };
  const Row rows[] = {
      {{}, "no cgroup v2 is mounted"},
      {{{{.version = 1, .folder = "/tmp", .access = CgroupAccess::writable}}}, "no cgroup v2 is mounted"},
      {{{{.version = 2, .folder = "/sys/x"}}}, "the cgroup /sys/x is not delegated to this user"},
      {{{{.version = 2, .folder = "/nowhere", .access = CgroupAccess::writable}}},
       "cannot make /nowhere/lemu-"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const lemu::Result<Freezer> made = Freezer::make(row.cgroups);
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == lemu::ErrorKind::host_lacks);
    CHECK(made.error().message.find(row.why) != std::string::npos);
  }
}

TEST_CASE("groups of a lemu that has ended are swept, those of one that runs are not") {
  const TemporaryFolder folder;
  const auto path = [&](const std::string& name) { return folder.path + "/" + name; };
  for (const char* name : {"lemu-4194305-17-5", "lemu-1-17-5", "lemu-test-1", "other"})
    std::filesystem::create_directory(path(name));
  const Cgroups ours{{{.version = 2, .folder = folder.path, .access = CgroupAccess::writable}}};
  CHECK_FALSE(Freezer::make(ours));  // no cgroup.freeze in a folder that is none of the kernel's
  CHECK_FALSE(std::filesystem::exists(path("lemu-4194305-17-5")));
  CHECK_FALSE(std::filesystem::exists(path("lemu-1-17-5")));  // process 1 started at another time
  CHECK(std::filesystem::exists(path("lemu-test-1")));
  CHECK(std::filesystem::exists(path("other")));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 2);
}
