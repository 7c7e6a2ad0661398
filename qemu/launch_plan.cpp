// SPDX-License-Identifier: Apache-2.0
#include "qemu/launch_plan.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>

#include "base/socket_owner.hpp"
#include "qemu/errors.hpp"
#include "qemu/etc_files.hpp"
#include "qemu/guarantees.hpp"
#include "qemu/machine_files.hpp"
#include "qemu/sandbox/wrapper_paths.hpp"

namespace lemu::qemu {
namespace {

using sandbox::Isolation;
using sandbox::Mount;
using sandbox::MountAccess;
using sandbox::MountKind;
using sandbox::Need;
using sandbox::Program;
using sandbox::SandboxSpec;

constexpr char kTaskRoot[] = "/var/task";
constexpr char kBootstrap[] = "/var/task/bootstrap";

// Measured on Lambda; see "AWS Lambda quotas" and the rlimits reported from inside functions.
constexpr std::uint64_t kOpenFiles = 1024;
constexpr std::uint64_t kProcesses = 742;
constexpr std::uint64_t kLockedMemory = 65536;
constexpr std::uint64_t kStack = 8ULL << 20;
// The kernel's default for pending signals is the one for processes.
constexpr std::uint64_t kPendingSignals = kProcesses;
// Room for one POSIX message queue of the default size (10 messages of 8 kB); a user has 819200 bytes.
constexpr std::uint64_t kMessageQueues = 128 * 1024;

// Lambda's /tmp is an ext4 file system, which has an inode for each 16 kB (mke2fs.conf(5), inode_ratio). On a
// tmpfs each file takes about 1 kB of the kernel's memory, beside what it holds.
constexpr std::uint64_t kBytesPerInode = 16 * 1024;
constexpr std::uint64_t kFewestInodes = 1024;

class Planner {
 public:
  Planner(const LaunchRequest& request, const HostFacts& host) : request_(request), host_(host) {}

  Result<LaunchPlan> plan() {
    plan_.emulated = request_.arch != host_.arch;
    plan_.spec.stdio = request_.stdio;
    choose_isolation();
    if (!host_.callers_unknown.empty())
      plan_.lost.push_back(loss_of(Guarantee::own_runtime_api, host_.callers_unknown));
    plan_.task_root = isolated() ? kTaskRoot : real_task_folder();
    plan_.spec.working_folder = plan_.task_root;
    LEMU_TRY(choose_execution());
    if (isolated()) add_root();
    add_limits();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool isolated() const { return plan_.spec.isolation == Isolation::namespaces; }
  void because(std::string choice, std::string reason) {
    plan_.reasons.push_back({std::move(choice), std::move(reason)});
  }

  void choose_isolation() {
    if (request_.sandbox == SandboxChoice::off) {
      plan_.spec.isolation = Isolation::plain;
      for (const GuaranteeRow& row : guarantees())
        if (row.given_by == GivenBy::sandbox) plan_.lost.push_back(loss_of(row.guarantee));
      return;
    }
    plan_.spec.isolation = Isolation::namespaces;
    plan_.spec.root_folder = request_.mount_point;
    plan_.spec.hostname = "sandbox";
  }

  [[nodiscard]] std::string real_task_folder() const {
    if (!request_.task_folder.empty()) return request_.task_folder;
    return std::filesystem::path(request_.bootstrap_file).parent_path().string();
  }

  [[nodiscard]] std::string real_bootstrap() const {
    if (!request_.linked_bootstrap.empty()) return request_.linked_bootstrap;
    return request_.task_folder.empty() ? request_.bootstrap_file : request_.task_folder + "/bootstrap";
  }

  /// The bootstrap, or the shell, as a path the process will see.
  [[nodiscard]] Program program() const {
    if (!request_.shell.empty()) return {request_.shell.front(), request_.shell};
    const std::string path = isolated() ? kBootstrap : real_bootstrap();
    return {path, {path}, {}, names_of(request_.arch).elf_machine};
  }

  /// QEMU cannot load a script: its interpreter is the program, as execve(2) would have it.
  [[nodiscard]] Program under_qemu(Program what) const {
    const std::string loaded = request_.shell.empty() ? what.path : "";
    const std::uint16_t machine = what.elf_machine;
    if (request_.shell.empty() && request_.script) {
      std::vector<std::string> arguments{request_.script->interpreter};
      if (!request_.script->argument.empty()) arguments.push_back(request_.script->argument);
      arguments.push_back(what.path);
      what = {request_.script->interpreter, std::move(arguments)};
    }
    std::vector<std::string> command = qemu_command(request_, plan_.spec.isolation);
    command.push_back("-0");
    command.push_back(what.arguments.front());
    command.push_back(what.path);
    command.insert(command.end(), what.arguments.begin() + 1, what.arguments.end());
    return {.path = command.front(), .arguments = command, .elf_machine = machine, .loaded = loaded};
  }

  [[nodiscard]] bool host_may_execute() const { return request_.host_registration && !request_.own_emulator; }

  Status choose_execution() {
    const Program what = program();
    if (!plan_.emulated) return execute_natively(what);
    if (request_.launch == LaunchChoice::native)
      return fail<"launch-native-impossible">(at<"arch">(names_of(request_.arch).lambda),
                                              at<"host">(names_of(host_.arch).lambda));
    switch (request_.launch) {
      case LaunchChoice::direct: return execute_directly(what, "asked for with --launch direct");
      case LaunchChoice::host_binfmt: return execute_by_host(what);
      case LaunchChoice::private_binfmt: return execute_privately(what, Need::required);
      case LaunchChoice::automatic:
      case LaunchChoice::native: break;
    }
    if (isolated()) return execute_privately(what, Need::wanted);
    if (host_may_execute()) return execute_by_host(what);
    return execute_directly(
        what,
        request_.host_registration
            ? "a private binfmt_misc needs the sandbox, and the host's registration has a QEMU of its own"
            : "a private binfmt_misc needs the sandbox, and the host has no registration");
  }

  Status execute_natively(const Program& what) {
    if (request_.launch != LaunchChoice::automatic && request_.launch != LaunchChoice::native)
      return fail<"launch-emulation-needless">(at<"arch">(names_of(host_.arch).lambda));
    plan_.execution = ExecutionMode::native;
    plan_.spec.normal = what;
    because("execution: native", "the function is for this host's architecture");
    return {};
  }

  Status execute_directly(const Program& what, std::string reason) {
    plan_.execution = ExecutionMode::direct;
    plan_.spec.normal = under_qemu(what);
    because("execution: direct QEMU", std::move(reason));
    lose_children();
    return {};
  }

  Status execute_by_host(const Program& what) {
    if (!request_.host_registration)
      return fail<"launch-without-host-binfmt">(at<"arch">(names_of(request_.arch).lambda));
    plan_.execution = ExecutionMode::host_binfmt;
    plan_.spec.normal = what;
    because("execution: host binfmt", "the host's registration '" + *request_.host_registration + "'");
    return {};
  }

  Status execute_privately(const Program& what, Need need) {
    if (!isolated()) return fail<"launch-binfmt-needs-sandbox">();
    plan_.execution = ExecutionMode::private_binfmt;
    plan_.spec.normal = what;
    plan_.spec.binfmt = sandbox::Binfmt{request_.binfmt_registration, sandbox::kBinfmtFolder, need};
    because("execution: private binfmt",
            need == Need::required ? "asked for with --launch binfmt" : "the first choice inside a sandbox");
    if (need == Need::required) return {};
    if (host_may_execute()) {
      plan_.fallback = ExecutionMode::host_binfmt;
      plan_.spec.direct = what;
    } else {
      plan_.fallback = ExecutionMode::direct;
      plan_.spec.direct = under_qemu(what);
    }
    return {};
  }

  void lose_children() {
    if (!request_.host_registration) plan_.lost.push_back(loss_of(Guarantee::own_children));
  }

  void add_root() {
    std::vector<Mount>& mounts = plan_.spec.mounts;
    const auto append = [&mounts](std::vector<Mount> more) {
      mounts.insert(mounts.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    append(system_mounts(request_.root));
    append(device_mounts());
    append(etc_mounts(request_.root));
    add_machine();
    add_code();
    add_tmp();
    if (plan_.emulated) add_emulator();
  }

  /// The machine that the function is told of.
  void add_machine() {
    const auto cover = [this](const char* path, std::string text) {
      plan_.spec.mounts.push_back({.kind = MountKind::cover,
                                   .source = std::move(text),
                                   .target = path,
                                   .mode = 0444,
                                   .need = Need::wanted});
    };
    plan_.spec.memory_bytes = request_.memory_bytes;
    if (request_.memory_bytes != 0) cover(kMemoryFile, memory_file(request_.memory_bytes));
    // QEMU before 8.2 shows this machine's own processors; later ones make the file themselves.
    const bool graviton = request_.arch == Arch::arm64 && request_.cpu == names_of(Arch::arm64).default_cpu;
    if (plan_.emulated && graviton) cover(kProcessorsFile, graviton_processors_file(host_.processors));
  }

  void add_code() {
    std::vector<Mount>& mounts = plan_.spec.mounts;
    for (const char* folder : {"/var/runtime", "/opt"})
      mounts.push_back({.kind = MountKind::folder, .target = folder});
    if (!request_.task_folder.empty()) {
      mounts.push_back({.kind = MountKind::bind,
                        .source = request_.task_folder,
                        .target = kTaskRoot,
                        .identity = request_.code});
      for (const std::string& path : request_.hidden)
        mounts.push_back({.kind = MountKind::hidden, .target = kTaskRoot + ("/" + path)});
      return;
    }
    mounts.push_back({.kind = MountKind::folder, .target = kTaskRoot});
    mounts.push_back({.kind = MountKind::bind,
                      .source = request_.bootstrap_file,
                      .target = kBootstrap,
                      .identity = request_.code});
  }

  void add_tmp() {
    Mount tmp{.kind = MountKind::tmpfs,
              .target = "/tmp",
              .mode = 01777,
              .size = request_.tmp_bytes,
              .inodes = std::max(request_.tmp_bytes / kBytesPerInode, kFewestInodes)};
    if (!request_.tmp_folder.empty()) {
      tmp = {.kind = MountKind::bind,
             .source = request_.tmp_folder,
             .target = "/tmp",
             .access = MountAccess::read_write};
      plan_.lost.push_back(loss_of(Guarantee::tmp_limit, "with --keep it is a real folder"));
    }
    plan_.spec.mounts.push_back(std::move(tmp));
  }

  void add_emulator() {
    std::vector<Mount>& mounts = plan_.spec.mounts;
    const Emulator& emulator = *request_.emulator;
    const auto bind = [&mounts](const std::string& source, const std::string& target) {
      mounts.push_back({.kind = MountKind::bind, .source = source, .target = target});
    };
    bind(emulator.path, sandbox::kQemuPath);
    bind(request_.wrapper, sandbox::kWrapperPath);
    mounts.push_back({.kind = MountKind::folder, .target = sandbox::kBinfmtFolder});
    if (!emulator.loader.empty()) {
      bind(emulator.loader, sandbox::kQemuLoader);
      for (const std::string& library : emulator.libraries)
        bind(library,
             std::string(sandbox::kQemuLibraries) + "/" + std::filesystem::path(library).filename().string());
    }
    std::string words;
    for (const std::string& word : qemu_command(request_, Isolation::namespaces))
      words.append(word).push_back('\0');
    mounts.push_back(
        {.kind = MountKind::file, .source = words, .target = sandbox::kQemuCommandFile, .mode = 0444});
  }

  void add_limits() {
    std::vector<sandbox::ResourceLimit>& limits = plan_.spec.limits;
    limits.push_back({RLIMIT_CORE, 0, 0});
    limits.push_back({RLIMIT_NOFILE, kOpenFiles, kOpenFiles});
    limits.push_back({RLIMIT_MEMLOCK, kLockedMemory, kLockedMemory});
    limits.push_back({RLIMIT_STACK, kStack, RLIM_INFINITY});
    if (!isolated()) return;
    // Until Linux 5.14 the limit counts every process of the host's user, so it would refuse at once.
    const bool counted_per_namespace = std::pair(host_.kernel_major, host_.kernel_minor) >= std::pair(5, 14);
    if (!counted_per_namespace) {
      plan_.lost.push_back(loss_of(Guarantee::process_limit, "needs Linux 5.14"));
      return;
    }
    // Each process under QEMU is two tasks.
    const std::uint64_t processes = plan_.emulated ? 2 * kProcesses : kProcesses;
    limits.push_back({RLIMIT_NPROC, processes, processes});
    limits.push_back({RLIMIT_SIGPENDING, kPendingSignals, kPendingSignals});
    limits.push_back({RLIMIT_MSGQUEUE, kMessageQueues, kMessageQueues});
  }

  const LaunchRequest& request_;
  const HostFacts& host_;
  LaunchPlan plan_;
};

/// Tried once: no kernel changes its mind.
const std::string& why_callers_are_unknown() {
  static const std::string why = [] {
    const Result<SocketOwners> owners = SocketOwners::open();
    return owners ? "" : "sock_diag: " + std::string(::strerror(owners.error().os_error));
  }();
  return why;
}

}  // namespace

std::string_view name_of(ExecutionMode execution) {
  switch (execution) {
    case ExecutionMode::native: return "native";
    case ExecutionMode::private_binfmt: return "private binfmt";
    case ExecutionMode::host_binfmt: return "host binfmt";
    case ExecutionMode::direct: return "direct QEMU";
  }
  return "unknown";
}

HostFacts host_facts() {
  HostFacts facts;
  utsname about{};
  if (::uname(&about) == 0) std::sscanf(about.release, "%d.%d", &facts.kernel_major, &facts.kernel_minor);
  facts.uid = ::geteuid();
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (::sched_getaffinity(0, sizeof usable, &usable) == 0)
    facts.processors = static_cast<unsigned>(CPU_COUNT(&usable));
  facts.callers_unknown = why_callers_are_unknown();
  return facts;
}

std::vector<std::string> qemu_command(const LaunchRequest& request, Isolation isolation) {
  const Emulator& emulator = *request.emulator;
  const bool inside = isolation == Isolation::namespaces;
  std::vector<std::string> command;
  if (inside && !emulator.loader.empty())
    command = {sandbox::kQemuLoader, "--library-path", sandbox::kQemuLibraries};
  command.push_back(inside ? sandbox::kQemuPath : emulator.path);
  command.insert(command.end(), {"-cpu", request.cpu});
  if (inside) return command;
  if (request.root.source == SystemSource::sysroot)
    command.insert(command.end(),
                   {"-L", request.root.prefix.empty() ? request.root.path : request.root.prefix});
  else if (request.root.source ==
           SystemSource::cross_libraries)  // QEMU puts its prefix before /lib/ld-linux-….so
    command.insert(command.end(), {"-L", std::filesystem::path(request.root.path).parent_path().string()});
  return command;
}

void set_environment(LaunchPlan& plan, std::vector<std::string> environment) {
  // With a private binfmt_misc the wrapper does the same for each program it runs.
  const auto give_qemu_its_own = [&environment](Program& program) {
    std::vector<std::string> hiding;
    for (const sandbox::QemuVariable& variable : sandbox::kQemuEnvironment) {
      const std::string prefix = std::string(variable.name) + "=";
      program.environment.push_back(prefix + variable.value);
      const auto own = std::find_if(environment.begin(), environment.end(),
                                    [&](const std::string& entry) { return entry.starts_with(prefix); });
      if (own == environment.end())
        hiding.insert(hiding.end(), {"-U", variable.name});
      else
        hiding.insert(hiding.end(), {"-E", *own});
    }
    const auto place = std::find(program.arguments.begin(), program.arguments.end(), "-0");
    program.arguments.insert(place, hiding.begin(), hiding.end());
  };
  if (plan.execution == ExecutionMode::direct) give_qemu_its_own(plan.spec.normal);
  if (plan.spec.direct && plan.fallback == ExecutionMode::direct) give_qemu_its_own(*plan.spec.direct);
  plan.spec.environment = std::move(environment);
}

Result<LaunchPlan> plan_launch(const LaunchRequest& request, const HostFacts& host) {
  return Planner(request, host).plan();
}

}  // namespace lemu::qemu
