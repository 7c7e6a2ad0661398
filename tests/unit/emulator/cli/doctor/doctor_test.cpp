// SPDX-License-Identifier: Apache-2.0
// How a made-up diagnosis reads, for a person and for a script.
#include <doctest/doctest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "emulator/cli/doctor/doctor_json.hpp"
#include "emulator/cli/doctor/doctor_text.hpp"
#include "qemu/guarantees.hpp"

using namespace lemu;
using namespace lemu::emulator::cli;
using qemu::Answer;
using qemu::LaunchChoice;
using qemu::SandboxChoice;

namespace {

qemu::Trial made(Arch arch, SandboxChoice sandbox, LaunchChoice launch, qemu::ExecutionMode execution) {
  qemu::Trial trial;
  trial.arch = arch;
  trial.sandbox = sandbox;
  trial.launch = launch;
  trial.execution = execution;
  trial.outcome = qemu::Outcome::works;
  trial.took = std::chrono::microseconds(3400);
  return trial;
}

qemu::Trial refused(qemu::Trial trial) {
  trial.outcome = qemu::Outcome::refused;
  trial.stage = sandbox::Stage::user_namespace;
  trial.step = "user namespace";
  trial.os_error = EPERM;
  return trial;
}

/// A Docker container on an x86_64 machine, with a QEMU.
qemu::Diagnosis docker() {
  qemu::Diagnosis d;
  d.host.arch = Arch::x86_64;
  d.host.uid = 1000;
  d.host.kernel = "6.8.0-45-generic";
  d.host.kernel_major = 6;
  d.host.kernel_minor = 8;
  d.host.distribution = "Debian GNU/Linux 12 (bookworm)";
  d.host.distribution_id = "debian";
  d.host.distribution_version = "12";
  d.host.container = qemu::Container::docker;
  d.host.seccomp = qemu::Seccomp::filter;
  d.host.sys_admin = Answer::no;
  d.host.chroot = Answer::unknown;
  d.host.max_user_namespaces = 1000;
  d.host.covered_proc = {"/proc/acpi"};
  d.foreign = Arch::arm64;
  d.helper = "/opt/lemu/libexec/lemu/lemu-sandbox";
  qemu::FoundQemu& found = d.qemus.emplace_back();
  found.program.path = "/usr/bin/qemu-aarch64-static";
  found.version = "7.2.22";
  found.plugins = Answer::no;
  d.cgroups.hierarchies.push_back({2, {"memory"}, "/sys/fs/cgroup", qemu::CgroupAccess::read_only});
  const auto native =
      made(Arch::x86_64, SandboxChoice::on, LaunchChoice::automatic, qemu::ExecutionMode::native);
  auto direct = made(Arch::arm64, SandboxChoice::off, LaunchChoice::direct, qemu::ExecutionMode::direct);
  direct.lost = {qemu::loss_of(qemu::Guarantee::own_files), qemu::loss_of(qemu::Guarantee::own_children)};
  auto automatic = direct;
  automatic.launch = LaunchChoice::automatic;
  auto bare = native;
  bare.sandbox = SandboxChoice::off;
  const auto inside =
      made(Arch::arm64, SandboxChoice::on, LaunchChoice::automatic, qemu::ExecutionMode::native);
  d.trials = {refused(native), bare, refused(inside), automatic, direct};
  qemu::conclude(d);
  return d;
}

}  // namespace

TEST_CASE("the text for a person") {
  CHECK(doctor_text(docker(), Verbosity::normal) ==
        "Host\n"
        "  architecture      x86_64\n"
        "  kernel            Linux 6.8.0-45-generic\n"
        "  distribution      Debian GNU/Linux 12 (bookworm)\n"
        "  recognised        a Docker container\n"
        "  user              uid 1000\n"
        "\n"
        "Sandbox\n"
        "  user namespaces   no\n"
        "  whole sandbox     refused at its step 'user namespace': Operation not permitted\n"
        "  restricted by     Docker's seccomp filter (it denies clone with CLONE_NEWUSER, or mount)\n"
        "\n"
        "Emulation of arm64\n"
        "  QEMU              /usr/bin/qemu-aarch64-static 7.2.22, static, no plugins\n"
        "  private binfmt    needs the sandbox\n"
        "  host binfmt       not mounted (lemu does not need it)\n"
        "  direct QEMU       works (tried: 3.4 ms)\n"
        "  shared libraries  none: dynamic programs need --sysroot, or: sudo apt install libc6-arm64-cross "
        "libstdc++6-arm64-cross\n"
        "\n"
        "Cgroups (lemu needs none: it measures and limits by itself)\n"
        "  version           v2\n"
        "  v2                /sys/fs/cgroup, not delegated to this user; controllers: memory\n"
        "\n"
        "An arm64 function here runs\n"
        "  sandbox           off: the sandbox is refused at its step 'user namespace': Operation not "
        "permitted\n"
        "  execution         direct QEMU: there is no sandbox for a private binfmt_misc, and the host has no "
        "registration with flag F\n"
        "  without           child processes of the function's own architecture\n"
        "\n"
        "An x86_64 function here runs\n"
        "  sandbox           off: the sandbox is refused at its step 'user namespace': Operation not "
        "permitted\n"
        "  execution         native: it is this machine's own architecture\n"
        "\n"
        "To improve\n"
        "  the full sandbox: start the container with:\n"
        "    docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined …\n");
}

TEST_CASE("-v adds the switches and each guarantee") {
  const std::string text = doctor_text(docker(), Verbosity::verbose);
  for (const char* line :
       {"    seccomp         a filter  [/proc/self/status]\n",
        "    /proc           covered: /proc/acpi  [/proc/self/mountinfo]\n",
        "  no   a file system of its own: the function sees your whole file system, and "
        "its code in its real folder\n",
        "  yes  no privilege to gain: no-new-privileges: no more privilege than you have\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("a host without a QEMU") {
  qemu::Diagnosis d = docker();
  d.qemus.clear();
  d.restrictions.clear();
  d.improvements.clear();
  d.trials.resize(2);
  qemu::conclude(d);
  const std::string text = doctor_text(d, Verbosity::normal);
  CHECK(text.find("An arm64 function here does not run\n"
                  "  because           there is no QEMU for arm64 programs in PATH\n") != std::string::npos);
  CHECK(text.find("To improve\n  arm64 functions at all:\n    sudo apt install qemu-user-static\n") !=
        std::string::npos);
  const nlohmann::json function = nlohmann::json::parse(doctor_json(d))["functions"][0];
  CHECK(function["runs"] == false);
  CHECK(function["obstacle"] == "there is no QEMU for arm64 programs in PATH");
}

TEST_CASE("the object for a script") {
  const std::string text = doctor_json(docker());
  CHECK(text.find('\n') == text.size() - 1);
  const nlohmann::json json = nlohmann::json::parse(text);
  CHECK(json["version"] == LEMU_VERSION);
  CHECK(json["host"]["container"] == "Docker");
  CHECK(json["host"]["wsl"].is_null());
  CHECK(json["host"]["chroot"].is_null());
  CHECK(json["userNamespaces"]["work"] == false);
  CHECK(json["userNamespaces"]["maxUserNamespaces"] == 1000);
  CHECK(json["userNamespaces"]["unprivilegedUsernsClone"].is_null());
  CHECK(json["userNamespaces"]["seccomp"] == "filter");
  CHECK(json["restrictions"][0]["name"] == "seccomp");
  CHECK(json["restrictions"][0]["concerns"] == "sandbox");
  CHECK(json["qemu"][0]["static"] == true);
  CHECK(json["qemu"][0]["used"] == true);
  CHECK(json["hostBinfmt"]["forForeign"].is_null());
  CHECK(json["cgroups"]["hierarchies"][0]["delegated"] == false);
  CHECK(json["trials"][0]["step"] == "user namespace");
  CHECK(json["trials"][0]["errno"] == EPERM);
  CHECK(json["trials"][0]["execution"].is_null());
  CHECK(json["trials"][4]["launch"] == "direct");
  CHECK(json["trials"][4]["ms"] == 3.4);
  const nlohmann::json& function = json["functions"][0];
  CHECK(function["architecture"] == "arm64");
  CHECK(function["sandbox"]["mode"] == "off");
  CHECK(function["execution"]["mode"] == "direct");
  CHECK(function["execution"]["cpu"] == "neoverse-n1");
  CHECK(function["guarantees"][0]["given"] == false);
  CHECK(json["functions"][1]["execution"]["emulated"] == false);
  CHECK(json["improvements"][0]["command"] ==
        "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined …");
}
