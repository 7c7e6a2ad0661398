// SPDX-License-Identifier: Apache-2.0
#include "qemu/cgroups.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "elf_files.hpp"

using namespace lemu::qemu;

TEST_CASE("cgroup v2: our group below the mount, delegated as far as its modes say") {
  const test::TemporaryFolder tree;
  tree.add("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");
  tree.add("proc/self/cgroup", "0::/user.slice/app.scope\n");
  const std::string ours = "sys/fs/cgroup/user.slice/app.scope/";
  tree.add(ours + "cgroup.controllers", "memory pids\n");
  tree.add(ours + "cgroup.procs", "");
  const Cgroups cgroups = read_cgroups(tree.path);
  CHECK(cgroups.layout() == "v2");
  REQUIRE(cgroups.with("pids") != nullptr);
  CHECK(cgroups.with("cpu") == nullptr);
  const CgroupHierarchy& one = *cgroups.with("pids");
  CHECK(one.folder == "/sys/fs/cgroup/user.slice/app.scope");
  CHECK(one.controllers == std::vector<std::string>{"memory", "pids"});
  CHECK(one.access == CgroupAccess::writable);

  std::filesystem::remove(tree.path + "/" + ours + "cgroup.procs");
  CHECK(read_cgroups(tree.path).with("pids")->access == CgroupAccess::read_only);
}

TEST_CASE("cgroup v1 beside v2, and a container that is shown its own part only") {
  const test::TemporaryFolder tree;
  tree.add("proc/self/mountinfo",
           "34 31 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
           "35 31 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
           "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  tree.add("proc/self/cgroup",
           "5:memory:/docker/abc/inner\n4:cpu,cpuacct:/elsewhere\n3:freezer:/unmounted\n0::/\nnonsense\n");
  const Cgroups cgroups = read_cgroups(tree.path);
  CHECK(cgroups.layout() == "v1 and v2");
  REQUIRE(cgroups.hierarchies.size() == 3);
  CHECK(cgroups.with("memory")->folder == "/sys/fs/cgroup/memory/inner");
  CHECK(cgroups.with("cpu")->folder == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(cgroups.with("freezer") == nullptr);
  CHECK(cgroups.hierarchies[2].folder == "/sys/fs/cgroup/unified");
}

TEST_CASE("no cgroups at all") {
  const test::TemporaryFolder tree;
  CHECK(read_cgroups(tree.path).layout() == "none");
}
