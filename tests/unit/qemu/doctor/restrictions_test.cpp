// SPDX-License-Identifier: Apache-2.0
// What explains a refusal, and which command is told.
#include "qemu/doctor/restrictions.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>

#include "qemu/guarantees.hpp"

using namespace lemu;
using namespace lemu::qemu;
using sandbox::Stage;

namespace {

Host ordinary_user() {
  Host host;
  host.arch = Arch::x86_64;
  host.kernel = "6.8.0";
  host.kernel_major = 6;
  host.kernel_minor = 8;
  host.distribution_id = "ubuntu";
  host.distribution_version = "24.04";
  host.uid = 1000;
  host.sys_admin = Answer::no;
  host.mapped_ids = 4294967295;
  host.max_user_namespaces = 127318;
  host.chroot = Answer::no;
  return host;
}

Trial refused(Stage stage, int code) {
  Trial trial;
  trial.outcome = Outcome::refused;
  trial.stage = stage;
  trial.step = name_of(stage);
  trial.os_error = code;
  return trial;
}

std::string names(const std::vector<Restriction>& found) {
  std::string text;
  for (const Restriction& one : found) text += (text.empty() ? "" : " ") + one.name;
  return text;
}

}  // namespace

TEST_CASE("why there is no sandbox") {
  struct Row {
    const char* what;
    std::function<void(Host&)> host;
    Stage stage;
    int code;
    const char* names;
    const char* command;  ///< of the first improvement
  };
  const Row rows[] = {
      {"sysctl count", [](Host& h) { h.max_user_namespaces = 0; }, Stage::user_namespace, ENOSPC,
       "max-user-namespaces", "sudo sysctl -w user.max_user_namespaces=15000"},
      {"root needs no sudo",
       [](Host& h) {
         h.max_user_namespaces = 0;
         h.uid = 0;
       },
       Stage::user_namespace, ENOSPC, "max-user-namespaces", "sysctl -w user.max_user_namespaces=15000"},
      {"the second namespace", [](Host& h) { h.max_user_namespaces = 1; }, Stage::function_user, ENOSPC,
       "max-user-namespaces", "sudo sysctl -w user.max_user_namespaces=15000"},
      {"Debian's switch", [](Host& h) { h.unprivileged_clone = 0; }, Stage::user_namespace, EPERM,
       "unprivileged-userns-clone", "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
      {"Ubuntu 24.04: the namespace is made, but may nothing", [](Host& h) { h.apparmor_restriction = 1; },
       Stage::private_mounts, EACCES, "apparmor-userns",
       "printf '%s\\n' 'abi <abi/4.0>,' 'profile lemu-sandbox \"/opt/lemu/lemu-sandbox\" flags=(unconfined) "
       "{ userns, }' | "
       "sudo tee /etc/apparmor.d/lemu-sandbox && sudo apparmor_parser -r /etc/apparmor.d/lemu-sandbox"},
      {"GitHub's runner",
       [](Host& h) {
         h.apparmor_restriction = 1;
         h.ci = "GitHub Actions";
       },
       Stage::id_maps, EPERM, "apparmor-userns",
       "- run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
      {"a switch does not concern CAP_SYS_ADMIN",
       [](Host& h) {
         h.unprivileged_clone = 0;
         h.sys_admin = Answer::yes;
         h.chroot = Answer::yes;
       },
       Stage::user_namespace, EPERM, "chroot", "bwrap --dev-bind ROOT / --proc /proc --dev /dev lemu …"},
      {"Docker",
       [](Host& h) {
         h.container = Container::docker;
         h.seccomp = Seccomp::filter;
         h.covered_proc = {"/proc/acpi"};
       },
       Stage::user_namespace, EPERM, "seccomp",
       "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined …"},
      {"Docker with AppArmor",
       [](Host& h) {
         h.container = Container::docker;
         h.seccomp = Seccomp::filter;
         h.apparmor_profile = "docker-default (enforce)";
       },
       Stage::user_namespace, EPERM, "seccomp apparmor-profile",
       "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …"},
      {"a container job of GitHub's",
       [](Host& h) {
         h.container = Container::docker;
         h.seccomp = Seccomp::filter;
         h.ci = "GitHub Actions";
       },
       Stage::user_namespace, EPERM, "seccomp", "options: --security-opt seccomp=unconfined"},
      {"a filter against everybody",
       [](Host& h) {
         h.seccomp = Seccomp::filter;
         h.sys_admin = Answer::yes;
       },
       Stage::user_namespace, EPERM, "seccomp", ""},
      {"Podman",
       [](Host& h) {
         h.container = Container::podman;
         h.seccomp = Seccomp::filter;
         h.covered_proc = {"/proc/acpi"};
       },
       Stage::user_namespace, EPERM, "seccomp",
       "podman run --security-opt seccomp=unconfined --security-opt unmask=ALL …"},
      {"Kubernetes",
       [](Host& h) {
         h.container = Container::kubernetes;
         h.seccomp = Seccomp::filter;
         h.covered_proc = {"/proc/acpi"};
       },
       Stage::user_namespace, EPERM, "seccomp",
       "securityContext: {seccompProfile: {type: Unconfined}, procMount: Unmasked}"},
      {"root without further ids",
       [](Host& h) {
         h.uid = 0;
         h.mapped_ids = 1;
       },
       Stage::id_maps, EPERM, "id-map", "setpriv --reuid=1000 --regid=1000 --clear-groups lemu …"},
      {"WSL 1", [](Host& h) { h.wsl = Wsl::one; }, Stage::user_namespace, EINVAL, "wsl1",
       "wsl --set-version DISTRIBUTION 2"},
      {"no CONFIG_USER_NS", [](Host&) {}, Stage::user_namespace, EINVAL, "kernel-config", ""},
      {"a filter that says ENOSYS", [](Host& h) { h.seccomp = Seccomp::filter; }, Stage::user_namespace,
       ENOSYS, "seccomp", ""},
      {"no trace", [](Host&) {}, Stage::user_namespace, EPERM, "unknown", "sudo dmesg | tail"},
      {"another error", [](Host&) {}, Stage::pivot_root, EINVAL, "unknown", "sudo dmesg | tail"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Host host = ordinary_user();
    row.host(host);
    const std::vector<Restriction> found =
        sandbox_restrictions(host, refused(row.stage, row.code), "/opt/lemu/lemu-sandbox");
    CHECK(names(found) == row.names);
    REQUIRE_FALSE(found.empty());
    REQUIRE_FALSE(found[0].improvements.empty());
    CHECK(found[0].improvements[0].command == row.command);
    for (const Restriction& one : found) CHECK(one.concerns == Concerns::sandbox);
  }
}

TEST_CASE("what a partial sandbox lacks") {
  Trial trial;
  trial.outcome = Outcome::works;
  CHECK(partial_restrictions(ordinary_user(), trial).empty());

  trial.lost = {loss_of(Guarantee::own_proc, "Operation not permitted")};
  Host host = ordinary_user();
  host.covered_proc = {"/proc/acpi", "/proc/scsi"};
  std::vector<Restriction> found = partial_restrictions(host, trial);
  CHECK(names(found) == "masked-proc");
  CHECK(found[0].text == "parts of /proc are covered (/proc/acpi, …)");
  CHECK(found[0].improvements[0].command == "sudo umount /proc/acpi /proc/scsi");

  host.container = Container::docker;
  found = partial_restrictions(host, trial);
  CHECK(found[0].improvements[0].command == "docker run --security-opt systempaths=unconfined …");

  trial.lost = {loss_of(Guarantee::process_limit, "needs Linux 5.14")};
  CHECK(names(partial_restrictions(host, trial)) == "kernel-before-5.14");
}

TEST_CASE("why there is no private binfmt_misc") {
  struct Row {
    const char* id;
    const char* version;
    int major;
    int minor;
    Wsl wsl;
    int code;
    const char* name;
    const char* command;
  };
  const Row rows[] = {
      {"ubuntu", "22.04", 5, 15, Wsl::none, EPERM, "kernel-before-6.7",
       "sudo apt install linux-generic-hwe-22.04"},
      {"ubuntu", "22.04", 5, 15, Wsl::two, EPERM, "kernel-before-6.7", "wsl --update"},
      {"debian", "12", 6, 1, Wsl::none, EPERM, "kernel-before-6.7",
       "sudo apt install -t bookworm-backports linux-image-amd64"},
      {"fedora", "38", 6, 6, Wsl::none, EPERM, "kernel-before-6.7", ""},
      {"ubuntu", "24.04", 6, 8, Wsl::none, ENODEV, "no-binfmt-misc", "sudo modprobe binfmt_misc"},
      {"ubuntu", "24.04", 6, 8, Wsl::none, EACCES, "binfmt-refused", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.id);
    Host host = ordinary_user();
    host.distribution_id = row.id;
    host.distribution_version = row.version;
    host.kernel_major = row.major;
    host.kernel_minor = row.minor;
    host.wsl = row.wsl;
    const std::vector<Restriction> found = binfmt_restrictions(host, row.code);
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == row.name);
    CHECK(found[0].concerns == Concerns::emulation);
    CHECK(found[0].improvements[0].command == row.command);
  }
}

TEST_CASE("the package that has QEMU") {
  struct Row {
    const char* id;
    const char* version;
    const char* command;
  };
  const Row rows[] = {
      {"debian", "12", "sudo apt install qemu-user-static"},
      {"debian", "13", "sudo apt install qemu-user"},
      {"debian", "", "sudo apt install qemu-user"},
      {"ubuntu", "24.04", "sudo apt install qemu-user-static"},
      {"ubuntu", "25.04", "sudo apt install qemu-user"},
      {"fedora", "41", "sudo dnf install qemu-user-static"},
      {"alpine", "3.20", "sudo apk add qemu-aarch64"},
      {"arch", "", "sudo pacman -S qemu-user-static"},
      {"opensuse-leap", "15", "sudo zypper install qemu-linux-user"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.id);
    Host host = ordinary_user();
    host.distribution_id = row.id;
    host.distribution_version = row.version;
    CHECK(no_qemu(host, Arch::arm64).improvements[0].command == row.command);
  }
}
