// SPDX-License-Identifier: Apache-2.0
#include "qemu/launch_plan.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>

#include "qemu/sandbox/wrapper_paths.hpp"

using namespace lemu;
using namespace lemu::qemu;

namespace {

HostFacts host(int major = 6, int minor = 12) { return {Arch::x86_64, major, minor, 1000}; }

LaunchRequest request(Arch arch) {
  LaunchRequest made;
  made.arch = arch;
  made.task_folder = "/home/u/function";
  made.mount_point = "/tmp/root";
  made.cpu = "neoverse-n1";
  made.binfmt_registration = ":lemu:";
  if (arch != Arch::x86_64) made.emulator = Emulator{"/usr/bin/qemu-aarch64", "", {}};
  return made;
}

/// "private binfmt, else direct QEMU", or the message of a refusal.
std::string chosen(const LaunchRequest& asked, const HostFacts& where = host()) {
  const Result<LaunchPlan> plan = plan_launch(asked, where);
  if (!plan) return plan.error().message;
  std::string words(name_of(plan->execution));
  if (plan->spec.direct) words.append(", else ").append(name_of(plan->fallback));
  return words;
}

bool loses(const LaunchPlan& plan, std::string_view words) {
  return std::any_of(plan.lost.begin(), plan.lost.end(),
                     [&](const std::string& lost) { return lost.find(words) != std::string::npos; });
}

std::optional<std::uint64_t> limit_of(const LaunchPlan& plan, int resource) {
  for (const sandbox::ResourceLimit& limit : plan.spec.limits)
    if (limit.resource == resource) return limit.hard;
  return std::nullopt;
}

}  // namespace

TEST_CASE("how a function is executed, by what is asked for and what the host has") {
  using Launch = LaunchChoice;
  using Sandbox = SandboxChoice;
  constexpr const char* kNeedless = "--launch asks for emulation";
  struct Row {  // a refusal by its first words
    Arch arch;
    Launch launch;
    Sandbox sandbox;
    const char* registration;
    bool own_emulator;
    std::string chosen;
  };
  const Row rows[] = {
      {Arch::x86_64, Launch::automatic, Sandbox::automatic, nullptr, false, "native"},
      {Arch::x86_64, Launch::native, Sandbox::off, nullptr, false, "native"},
      {Arch::x86_64, Launch::direct, Sandbox::on, nullptr, false, kNeedless},
      {Arch::x86_64, Launch::host_binfmt, Sandbox::on, "qemu", false, kNeedless},
      {Arch::arm64, Launch::native, Sandbox::on, nullptr, false,
       "--launch native: the function is for arm64"},
      {Arch::arm64, Launch::automatic, Sandbox::on, nullptr, false, "private binfmt, else direct QEMU"},
      {Arch::arm64, Launch::automatic, Sandbox::on, "qemu", false, "private binfmt, else host binfmt"},
      {Arch::arm64, Launch::automatic, Sandbox::on, "qemu", true, "private binfmt, else direct QEMU"},
      {Arch::arm64, Launch::automatic, Sandbox::off, nullptr, false, "direct QEMU"},
      {Arch::arm64, Launch::automatic, Sandbox::off, "qemu", false, "host binfmt"},
      {Arch::arm64, Launch::automatic, Sandbox::off, "qemu", true, "direct QEMU"},
      {Arch::arm64, Launch::private_binfmt, Sandbox::on, "qemu", false, "private binfmt"},
      {Arch::arm64, Launch::private_binfmt, Sandbox::off, nullptr, false,
       "--launch binfmt needs the sandbox"},
      {Arch::arm64, Launch::host_binfmt, Sandbox::on, "qemu", false, "host binfmt"},
      {Arch::arm64, Launch::host_binfmt, Sandbox::off, nullptr, false,
       "--launch host-binfmt: this host has no"},
      {Arch::arm64, Launch::direct, Sandbox::on, "qemu", false, "direct QEMU"},
      {Arch::arm64, Launch::direct, Sandbox::off, nullptr, false, "direct QEMU"},
  };
  for (const Row& row : rows) {
    LaunchRequest asked = request(row.arch);
    asked.launch = row.launch;
    asked.sandbox = row.sandbox;
    asked.own_emulator = row.own_emulator;
    if (row.registration != nullptr) asked.host_registration = row.registration;
    CAPTURE(row.chosen);
    const std::string got = chosen(asked);
    CHECK(got.substr(0, row.chosen.starts_with("--") ? row.chosen.size() : got.size()) == row.chosen);
  }
}

TEST_CASE("what a bootstrap must be for is told, but of no shell; QEMU is told to load it") {
  LaunchRequest asked = request(Arch::arm64);
  const auto machine = [&] { return plan_launch(asked, host()).value().spec.normal.elf_machine; };
  CHECK(machine() == names_of(Arch::arm64).elf_machine);
  CHECK(plan_launch(asked, host()).value().spec.normal.loaded.empty());
  CHECK(plan_launch(asked, host()).value().spec.direct->loaded == "/var/task/bootstrap");
  asked.launch = LaunchChoice::direct;
  CHECK(machine() == names_of(Arch::arm64).elf_machine);
  CHECK(plan_launch(asked, host()).value().spec.normal.loaded == "/var/task/bootstrap");
  asked.shell = {"/bin/ls"};
  CHECK(plan_launch(asked, host()).value().spec.normal.loaded.empty());
  asked.shell = {};
  asked = request(Arch::x86_64);
  CHECK(machine() == names_of(Arch::x86_64).elf_machine);
  asked.shell = {"/bin/ls"};
  CHECK(machine() == 0);
}

TEST_CASE("only direct QEMU without a registration loses a function's own children") {
  LaunchRequest asked = request(Arch::arm64);
  asked.launch = LaunchChoice::direct;
  const Result<LaunchPlan> alone = plan_launch(asked, host());
  asked.host_registration = "qemu";
  const Result<LaunchPlan> beside = plan_launch(asked, host());
  REQUIRE((alone && beside));
  CHECK(alone->lost.size() == beside->lost.size() + 1);
}

TEST_CASE("QEMU is given the program, or a script's interpreter, under its own name") {
  LaunchRequest asked = request(Arch::arm64);
  asked.launch = LaunchChoice::direct;
  const auto words = [&] { return plan_launch(asked, host()).value().spec.normal.arguments; };
  const std::vector<std::string> inside{sandbox::kQemuPath, "-cpu", "neoverse-n1", "-0"};
  const auto then = [&](std::vector<std::string> more) {
    std::vector<std::string> all = inside;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(words() == then({"/var/task/bootstrap", "/var/task/bootstrap"}));
  asked.script = ScriptLine{"/bin/sh", "-e"};
  CHECK(words() == then({"/bin/sh", "/bin/sh", "-e", "/var/task/bootstrap"}));
  asked.shell = {"/bin/ls", "-l"};
  CHECK(words() == then({"/bin/ls", "/bin/ls", "-l"}));
}

TEST_CASE(
    "a QEMU with shared libraries is run by its own loader inside, and from its place without a sandbox") {
  LaunchRequest asked = request(Arch::arm64);
  asked.emulator = Emulator{"/usr/bin/qemu-aarch64", "/lib/ld.so", {"/lib/libz.so.1"}};
  CHECK(qemu_command(asked, sandbox::Isolation::namespaces) ==
        std::vector<std::string>{sandbox::kQemuLoader, "--library-path", sandbox::kQemuLibraries,
                                 sandbox::kQemuPath, "-cpu", "neoverse-n1"});
  CHECK(qemu_command(asked, sandbox::Isolation::plain) ==
        std::vector<std::string>{"/usr/bin/qemu-aarch64", "-cpu", "neoverse-n1"});
  asked.root = {SystemSource::sysroot, "/srv/arm64"};
  CHECK(qemu_command(asked, sandbox::Isolation::plain) ==
        std::vector<std::string>{"/usr/bin/qemu-aarch64", "-cpu", "neoverse-n1", "-L", "/srv/arm64"});
}

TEST_CASE("a limit on processes where the kernel counts them by namespace, twice as many under QEMU") {
  const auto processes = [](Arch arch, const HostFacts& where) {
    const LaunchPlan plan = plan_launch(request(arch), where).value();
    CHECK(loses(plan, "5.14") == !limit_of(plan, RLIMIT_NPROC));
    return limit_of(plan, RLIMIT_NPROC);
  };
  CHECK(processes(Arch::x86_64, host(5, 14)) == 742);
  CHECK(processes(Arch::arm64, host(6, 0)) == 1484);
  CHECK(processes(Arch::x86_64, host(5, 13)) == std::nullopt);
  CHECK(processes(Arch::x86_64, host(4, 19)) == std::nullopt);
}

TEST_CASE("what the kernel counts for the user is limited where it is counted by namespace") {
  const LaunchPlan plan = plan_launch(request(Arch::x86_64), host()).value();
  CHECK(limit_of(plan, RLIMIT_SIGPENDING) == 742);
  CHECK(limit_of(plan, RLIMIT_MSGQUEUE) == 131072);
  CHECK_FALSE(limit_of(plan_launch(request(Arch::x86_64), host(5, 13)).value(), RLIMIT_SIGPENDING));
}

TEST_CASE("/tmp takes a file for each 16 kB, and some even when it is small") {
  const auto inodes = [](std::uint64_t bytes) -> std::uint64_t {
    LaunchRequest asked = request(Arch::x86_64);
    asked.tmp_bytes = bytes;
    const LaunchPlan plan = plan_launch(asked, host()).value();
    for (const sandbox::Mount& mount : plan.spec.mounts)
      if (mount.target == "/tmp") return mount.inodes;
    return 0;
  };
  CHECK(inodes(512ULL << 20) == 32768);
  CHECK(inodes(10240ULL << 20) == 655360);
  CHECK(inodes(1) == 1024);
}

TEST_CASE("the machine that a function is told of, in the sandbox only") {
  struct Row {
    Arch arch;
    SandboxChoice sandbox;
    std::string cpu;
    std::uint64_t memory;
    std::string covered;
  };
  const Row rows[] = {
      {Arch::x86_64, SandboxChoice::on, "", 128 << 20, "/proc/meminfo "},
      {Arch::arm64, SandboxChoice::on, "neoverse-n1", 128 << 20, "/proc/meminfo /proc/cpuinfo "},
      {Arch::arm64, SandboxChoice::on, "max", 128 << 20, "/proc/meminfo "},
      {Arch::x86_64, SandboxChoice::on, "", 0, ""},
      {Arch::arm64, SandboxChoice::off, "neoverse-n1", 128 << 20, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.covered);
    LaunchRequest asked = request(row.arch);
    asked.sandbox = row.sandbox;
    asked.cpu = row.cpu;
    asked.memory_bytes = row.memory;
    const LaunchPlan plan = plan_launch(asked, host()).value();
    std::string covered;
    for (const sandbox::Mount& mount : plan.spec.mounts)
      if (mount.kind == sandbox::MountKind::cover) covered += mount.target + " ";
    CHECK(covered == row.covered);
    CHECK(plan.spec.memory_bytes == (row.sandbox == SandboxChoice::off ? 0 : row.memory));
    CHECK(loses(plan, "memory figures") == (row.sandbox == SandboxChoice::off));
  }
}

TEST_CASE("a kept /tmp is a real folder, and said to have no limit") {
  LaunchRequest asked = request(Arch::x86_64);
  CHECK_FALSE(loses(plan_launch(asked, host()).value(), "--keep"));
  asked.tmp_folder = "/tmp/kept";
  const LaunchPlan plan = plan_launch(asked, host()).value();
  CHECK(loses(plan, "--keep"));
  CHECK(std::any_of(plan.spec.mounts.begin(), plan.spec.mounts.end(), [](const sandbox::Mount& mount) {
    return mount.target == "/tmp" && mount.source == "/tmp/kept" &&
           mount.access == sandbox::MountAccess::read_write;
  }));
}
