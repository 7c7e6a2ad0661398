// SPDX-License-Identifier: Apache-2.0
// Hosts as their file trees look, and what is read from them.
#include "qemu/doctor/host.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;

namespace {

constexpr char kRootMount[] = "27 1 254:0 / / rw - ext4 /dev/vda rw\n43 27 0:40 / /proc rw - proc proc rw\n";

struct Tree {
  test::TemporaryFolder folder;
  std::map<std::string, std::string> variables;
  uid_t uid = 1000;

  Tree() {
    file("proc/sys/kernel/osrelease", "6.8.0-45-generic\n");
    file("proc/self/mountinfo", kRootMount);
    file("proc/self/status",
         "Name:\tlemu\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
    file("proc/self/uid_map", "         0          0 4294967295\n");
  }
  void file(const std::string& name, std::string_view content) const { folder.add(name, content); }
  void link(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = std::filesystem::path(folder.path) / name;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(text, path);
  }
  [[nodiscard]] Host read() const {
    return read_host({folder.path,
                      [this](const char* name) -> const char* {
                        const auto found = variables.find(name);
                        return found == variables.end() ? nullptr : found->second.c_str();
                      },
                      uid});
  }
};

}  // namespace

TEST_CASE("Ubuntu 24.04: the release, and AppArmor's switch") {
  const Tree tree;
  tree.file("etc/os-release",
            "NAME=\"Ubuntu\"\nPRETTY_NAME=\"Ubuntu 24.04.1 "
            "LTS\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n");
  tree.file("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  tree.file("proc/sys/kernel/unprivileged_userns_clone", "1\n");
  tree.file("proc/sys/user/max_user_namespaces", "127318\n");
  tree.file("proc/self/attr/apparmor/current", "unconfined\n");
  const Host host = tree.read();
  CHECK(host.kernel == "6.8.0-45-generic");
  CHECK(host.kernel_is(6, 7));
  CHECK(host.kernel_is(5, 14));
  CHECK_FALSE(host.kernel_is(6, 9));
  CHECK(host.distribution == "Ubuntu 24.04.1 LTS");
  CHECK(host.distribution_id == "ubuntu");
  CHECK(host.distribution_version == "24.04");
  CHECK(host.apparmor_restriction == 1);
  CHECK(host.unprivileged_clone == 1);
  CHECK(host.max_user_namespaces == 127318);
  CHECK(host.apparmor_profile == "unconfined");
  CHECK(host.sys_admin == Answer::no);
  CHECK(host.no_new_privileges == Answer::no);
  CHECK(host.seccomp == Seccomp::off);
  CHECK(host.mapped_ids == 4294967295);
  CHECK(host.container == Container::none);
  CHECK(recognised(host).empty());
}

TEST_CASE("a Docker container: mark, own files, filter, profile, masked /proc") {
  Tree tree;
  tree.uid = 0;
  tree.file(".dockerenv", "");
  tree.file("proc/self/status", "CapEff:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n");
  tree.file("proc/self/attr/apparmor/current", "docker-default (enforce)\n");
  tree.file("proc/self/mountinfo", std::string(kRootMount) +
                                       "50 27 254:1 /x/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
                                       "51 43 0:50 / /proc/acpi ro - tmpfs tmpfs ro\n"
                                       "52 43 0:51 / /proc/sys/fs/binfmt_misc ro - binfmt_misc b rw\n"
                                       "53 43 0:40 /sys /proc/sys ro - proc proc rw\n");
  const Host host = tree.read();
  CHECK(host.container == Container::docker);
  CHECK(host.from_image == Answer::no);
  CHECK(host.seccomp == Seccomp::filter);
  CHECK(host.sys_admin == Answer::no);
  CHECK(host.apparmor_profile == "docker-default (enforce)");
  CHECK(host.covered_proc == std::vector<std::string>{"/proc/acpi", "/proc/sys"});
  CHECK(recognised(host) == std::vector<std::string>{"a Docker container"});
}

TEST_CASE("what else is recognised") {
  struct Row {
    const char* file;
    const char* content;
    const char* variable;
    const char* phrase;
  };
  const Row rows[] = {
      {"proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n", "", "WSL 2"},
      {"proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n", "", "WSL 1"},
      {"run/.containerenv", "engine=\"podman-4.3.1\"\n", "", "a Podman container"},
      {".dockerenv", "", "", "a machine made from a container image"},
      {"run/systemd/container", "lxc\n", "", "a LXC container"},
      {"run/systemd/container", "systemd-nspawn\n", "", "a systemd-nspawn container"},
      {"proc/1/environ", "container=lxc-libvirt", "", "a LXC container"},
      {"run/host/container-manager", "fancy\n", "", "a container (/run/host/container-manager: fancy)"},
      {"x", "", "KUBERNETES_SERVICE_HOST", "a Kubernetes pod"},
      {"x", "", "GITHUB_ACTIONS", "a GitHub Actions runner"},
      {"x", "", "CODEBUILD_BUILD_ID", "AWS CodeBuild"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.phrase);
    Tree tree;
    tree.file(row.file, row.content);
    if (*row.variable != '\0') tree.variables[row.variable] = "true";
    CHECK(recognised(tree.read()) == std::vector<std::string>{row.phrase});
  }
}

TEST_CASE("WSL's own word for its container is none") {
  const Tree tree;
  tree.file("run/systemd/container", "wsl\n");
  CHECK(tree.read().container == Container::none);
}

TEST_CASE("a chroot: by the missing root mount, or by PID 1 of the same mount namespace") {
  SUBCASE("the root is no mount point") {
    const Tree tree;
    tree.file("proc/self/mountinfo", "43 27 0:40 / /proc rw - proc proc rw\n");
    CHECK(tree.read().chroot == Answer::yes);
  }
  SUBCASE("PID 1 has another root in the same namespace") {
    const Tree tree;
    tree.link("proc/self/ns/mnt", "mnt:[1]");
    tree.link("proc/1/ns/mnt", "mnt:[1]");
    tree.file("proc/1/root/x", "");
    CHECK(tree.read().chroot == Answer::yes);
  }
  SUBCASE("PID 1 has the same root") {
    const Tree tree;
    tree.link("proc/self/ns/mnt", "mnt:[1]");
    tree.link("proc/1/ns/mnt", "mnt:[1]");
    tree.link("proc/1/root", tree.folder.path);
    CHECK(tree.read().chroot == Answer::no);
  }
  SUBCASE("a mount namespace of its own was entered with its root") {
    const Tree tree;
    tree.link("proc/self/ns/mnt", "mnt:[2]");
    tree.link("proc/1/ns/mnt", "mnt:[1]");
    CHECK(tree.read().chroot == Answer::no);
  }
  SUBCASE("nobody may look at PID 1") { CHECK(Tree().read().chroot == Answer::unknown); }
}

TEST_CASE("an empty tree is unknown rather than wrong") {
  const test::TemporaryFolder empty;
  const Host host = read_host({empty.path, nullptr, 0});
  CHECK(host.kernel.empty());
  CHECK(host.chroot == Answer::unknown);
  CHECK(host.sys_admin == Answer::unknown);
  CHECK(host.mapped_ids == 0);
  CHECK_FALSE(host.max_user_namespaces);
  CHECK(recognised(host).empty());
}
