// SPDX-License-Identifier: Apache-2.0
// What is concluded from trials that a test made up.
#include "qemu/doctor/diagnosis.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "qemu/guarantees.hpp"

using namespace lemu;
using namespace lemu::qemu;

namespace {

Trial made(Arch arch, SandboxChoice sandbox, ExecutionMode execution) {
  Trial trial;
  trial.arch = arch;
  trial.sandbox = sandbox;
  trial.execution = execution;
  trial.outcome = Outcome::works;
  return trial;
}

Trial refused(Arch arch) {
  Trial trial = made(arch, SandboxChoice::on, ExecutionMode::native);
  trial.outcome = Outcome::refused;
  trial.stage = sandbox::Stage::user_namespace;
  trial.step = "user namespace";
  trial.os_error = EPERM;
  return trial;
}

/// An x86_64 machine with a QEMU, where nothing was tried yet.
Diagnosis machine() {
  Diagnosis diagnosis;
  diagnosis.host.arch = Arch::x86_64;
  diagnosis.host.kernel = "6.8.0";
  diagnosis.host.kernel_major = 6;
  diagnosis.host.kernel_minor = 8;
  diagnosis.host.uid = 1000;
  diagnosis.host.sys_admin = Answer::no;
  diagnosis.foreign = Arch::arm64;
  diagnosis.qemus.push_back(
      {{"/usr/bin/qemu-aarch64-static", Arch::arm64, Linkage::self_contained}, "7.2", Answer::no});
  return diagnosis;
}

}  // namespace

TEST_CASE("all is well: nothing restricts, nothing to improve") {
  Diagnosis d = machine();
  d.trials = {made(Arch::x86_64, SandboxChoice::on, ExecutionMode::native),
              made(Arch::arm64, SandboxChoice::on, ExecutionMode::private_binfmt)};
  conclude(d);
  REQUIRE(d.emulated.trial);
  CHECK(d.emulated.sandbox == SandboxState::full);
  CHECK(d.emulated.execution_reason == "the kernel gives the sandbox a binfmt_misc of its own");
  CHECK(d.native.sandbox == SandboxState::full);
  CHECK(d.restrictions.empty());
  CHECK(d.improvements.empty());
}

TEST_CASE("an older kernel: the sandbox is full, the children are lost") {
  Diagnosis d = machine();
  d.host.kernel = "6.1.0";
  d.host.kernel_minor = 1;
  Trial direct = made(Arch::arm64, SandboxChoice::on, ExecutionMode::direct);
  direct.binfmt_error = EPERM;
  direct.lost = {loss_of(Guarantee::own_children)};
  d.trials = {made(Arch::x86_64, SandboxChoice::on, ExecutionMode::native), direct};
  conclude(d);
  CHECK(d.emulated.sandbox == SandboxState::full);
  CHECK(d.emulated.execution_reason ==
        "a private binfmt_misc is refused (Operation not permitted; it needs Linux 6.7), and the host has no "
        "registration with flag F");
  REQUIRE(d.restrictions.size() == 1);
  CHECK(d.restrictions[0].name == "kernel-before-6.7");
  CHECK(d.improvements.size() == 1);
}

TEST_CASE("no sandbox: it runs without, and what restricts it is told once") {
  Diagnosis d = machine();
  d.host.unprivileged_clone = 0;
  d.trials = {refused(Arch::x86_64), refused(Arch::arm64),
              made(Arch::x86_64, SandboxChoice::off, ExecutionMode::native),
              made(Arch::arm64, SandboxChoice::off, ExecutionMode::direct)};
  conclude(d);
  REQUIRE(d.emulated.trial);
  CHECK(d.emulated.sandbox == SandboxState::off);
  CHECK(d.emulated.sandbox_reason ==
        "the sandbox is refused at its step 'user namespace': Operation not permitted");
  REQUIRE(d.restrictions.size() == 1);
  CHECK(d.restrictions[0].name == "unprivileged-userns-clone");
  REQUIRE(d.improvements.size() == 1);
  CHECK(d.improvements[0].command == "sudo sysctl -w kernel.unprivileged_userns_clone=1");
}

TEST_CASE("no sandbox, and a reason not to go on without one: it does not run") {
  struct Row {
    std::uint32_t uid;
    int os_error;
    bool runs;
    std::string obstacle;
  };
  const Row rows[] = {
      {1000, EPERM, true, ""},
      {1000, ENOSPC, false, "the sandbox is refused at its step 'user namespace': No space left on device"},
      {1000, EMFILE, false, "the sandbox is refused at its step 'user namespace': Too many open files"},
      {0, EPERM, false,
       "the sandbox is refused at its step 'user namespace': Operation not permitted; as root, only "
       "--sandbox "
       "off runs a function without one"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.os_error);
    Diagnosis d = machine();
    d.host.uid = row.uid;
    Trial inside = refused(Arch::x86_64);
    inside.os_error = row.os_error;
    d.trials = {inside, made(Arch::x86_64, SandboxChoice::off, ExecutionMode::native)};
    conclude(d);
    CHECK(d.native.trial.has_value() == row.runs);
    CHECK(d.native.obstacle == row.obstacle);
  }
}

TEST_CASE("a partial sandbox names what is missing") {
  Diagnosis d = machine();
  d.host.covered_proc = {"/proc/acpi"};
  Trial native = made(Arch::x86_64, SandboxChoice::on, ExecutionMode::native);
  native.lost = {loss_of(Guarantee::own_proc, "Operation not permitted")};
  d.trials = {native};
  conclude(d);
  CHECK(d.native.sandbox == SandboxState::partial);
  CHECK(d.native.sandbox_reason == "without /proc of its own (Operation not permitted)");
}

TEST_CASE("no QEMU: the first thing to improve") {
  Diagnosis d = machine();
  d.qemus.clear();
  d.host.distribution_id = "fedora";
  d.host.unprivileged_clone = 0;
  d.trials = {refused(Arch::x86_64), made(Arch::x86_64, SandboxChoice::off, ExecutionMode::native)};
  conclude(d);
  CHECK_FALSE(d.emulated.trial);
  CHECK(d.emulated.obstacle == "there is no QEMU for arm64 programs in PATH");
  REQUIRE(d.improvements.size() == 2);
  CHECK(d.improvements[0].command == "sudo dnf install qemu-user-static");
}

TEST_CASE("a QEMU that fails is not passed off as running") {
  Diagnosis d = machine();
  Trial broken = made(Arch::arm64, SandboxChoice::off, ExecutionMode::direct);
  broken.outcome = Outcome::wrong;
  broken.ending = "ended with exit code 1";
  broken.said = "unable to find CPU model";
  d.trials = {broken};
  conclude(d);
  CHECK_FALSE(d.emulated.trial);
  CHECK(d.emulated.obstacle == "the trial program ended with exit code 1: unable to find CPU model");
}

TEST_CASE("one command for two restrictions is told once") {
  Diagnosis d = machine();
  d.host.container = Container::docker;
  d.host.seccomp = Seccomp::filter;
  d.host.apparmor_profile = "docker-default (enforce)";
  d.trials = {refused(Arch::x86_64), made(Arch::x86_64, SandboxChoice::off, ExecutionMode::native),
              made(Arch::arm64, SandboxChoice::off, ExecutionMode::direct)};
  conclude(d);
  CHECK(d.restrictions.size() == 2);
  CHECK(d.improvements.size() == 1);
}
