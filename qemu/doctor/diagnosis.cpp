// SPDX-License-Identifier: Apache-2.0
#include "qemu/doctor/diagnosis.hpp"

#include <algorithm>
#include <cstring>

#include "qemu/capture.hpp"
#include "qemu/guarantees.hpp"

namespace lemu::qemu {
namespace {

std::string lambda_name(Arch arch) { return std::string(names_of(arch).lambda); }

Arch other_than(Arch arch) { return arch == Arch::arm64 ? Arch::x86_64 : Arch::arm64; }

/// QEMU lists `-plugin` in its help when it was built with them (linux-user/main.c, CONFIG_PLUGIN).
Answer can_load_plugins(const QemuProgram& qemu) {
  Result<Captured> help = capture_output({qemu.path, "-help"});
  if (!help || help->output.empty()) return Answer::unknown;
  return help->output.find("\n-plugin ") != std::string::npos ? Answer::yes : Answer::no;
}

std::vector<FoundQemu> find_qemus(Arch guest, const std::string& path) {
  std::vector<FoundQemu> found;
  for (QemuProgram& program : all_qemus(guest, path)) {
    Result<std::string> version = qemu_version(program);
    const Answer plugins = can_load_plugins(program);
    found.push_back({std::move(program), version ? *std::move(version) : std::string(), plugins});
  }
  return found;
}

Result<TrialBench> make_bench(const Diagnosis& diagnosis, const DiagnosisSettings& settings) {
  TrialBench bench;
  bench.helper = diagnosis.helper;
  bench.wrapper = settings.libexec + "/lemu-qemu-wrapper";
  bench.parent = settings.folder;
  if (const Registration* registration = diagnosis.usable_registration())
    bench.host_registration = registration->name;
  if (diagnosis.qemus.empty()) return bench;
  const QemuProgram& qemu = diagnosis.qemus.front().program;
  Result<SharedLibraries> libraries = shared_libraries(qemu);
  LEMU_TRY(libraries);
  bench.emulator = Emulator{qemu.path, libraries->loader, libraries->files};
  return bench;
}

Status run_trials(Diagnosis& diagnosis, const TrialBench& bench) {
  const auto add = [&](Arch arch, SandboxChoice sandbox, LaunchChoice launch) -> Status {
    Result<Trial> trial = try_launch(bench, arch, sandbox, launch);
    LEMU_TRY(trial);
    diagnosis.trials.push_back(std::move(*trial));
    return {};
  };
  for (SandboxChoice sandbox : {SandboxChoice::on, SandboxChoice::off}) {
    Status tried = add(diagnosis.host.arch, sandbox, LaunchChoice::automatic);
    LEMU_TRY(tried);
    if (!bench.emulator) continue;
    std::vector<LaunchChoice> launches{LaunchChoice::automatic, LaunchChoice::direct};
    if (sandbox == SandboxChoice::on) launches.push_back(LaunchChoice::private_binfmt);
    if (bench.host_registration) launches.push_back(LaunchChoice::host_binfmt);
    for (LaunchChoice launch : launches)
      if (tried = add(diagnosis.foreign, sandbox, launch); !tried) return tried;
  }
  return {};
}

class Conclusion {
 public:
  explicit Conclusion(Diagnosis& diagnosis) : d_(diagnosis) {}

  void draw() {
    d_.native = verdict_for(d_.host.arch);
    d_.emulated = verdict_for(d_.foreign);
    restrict_sandbox();
    restrict_emulation();
    for (const Restriction& restriction : d_.restrictions)
      for (const Improvement& improvement : restriction.improvements) add_improvement(improvement);
  }

 private:
  Verdict verdict_for(Arch arch) const {
    Verdict verdict;
    verdict.arch = arch;
    const Trial* inside = d_.find(arch, SandboxChoice::on, LaunchChoice::automatic);
    const Trial* bare = d_.find(arch, SandboxChoice::off, LaunchChoice::automatic);
    if (inside != nullptr && inside->works()) {
      verdict.trial = *inside;
      const bool partial = diminishes_sandbox(inside->lost);
      verdict.sandbox = partial ? SandboxState::partial : SandboxState::full;
      verdict.sandbox_reason =
          partial ? "without " + joined_losses(*inside) : "every step of making it succeeds";
    } else if (bare != nullptr && bare->works() && !may_go_without_sandbox(inside)) {
      verdict.obstacle =
          "the sandbox " + was(*inside) +
          (d_.host.uid == 0 ? "; as root, only --sandbox off runs a function without one" : "");
    } else if (bare != nullptr && bare->works()) {
      verdict.trial = *bare;
      verdict.sandbox_reason = "the sandbox " + (inside == nullptr ? "was not tried" : was(*inside));
    } else if (arch != d_.host.arch && d_.qemus.empty()) {
      verdict.obstacle = "there is no QEMU for " + lambda_name(arch) + " programs in PATH";
    } else {
      verdict.obstacle = "the trial program " + (bare == nullptr ? "was not tried" : was(*bare));
    }
    if (verdict.trial) verdict.execution_reason = reason_of(*verdict.trial);
    return verdict;
  }

  /// As FunctionLauncher does.
  [[nodiscard]] bool may_go_without_sandbox(const Trial* inside) const {
    return inside == nullptr || (d_.host.uid != 0 && inside->host_withholds_sandbox());
  }

  static std::string was(const Trial& trial) {
    return (trial.outcome == Outcome::refused ? "is " : "") + trial.text();
  }

  static std::string joined_losses(const Trial& trial) {
    std::string text;
    for (const std::string& lost : trial.lost)
      if (diminishes_sandbox({lost})) text += (text.empty() ? "" : ", ") + lost;
    return text;
  }

  [[nodiscard]] std::string reason_of(const Trial& trial) const {
    const std::string refused = trial.binfmt_error == 0
                                    ? ""
                                    : std::string("a private binfmt_misc is refused (") +
                                          ::strerror(trial.binfmt_error) +
                                          (d_.host.kernel_is(6, 7) ? ")" : "; it needs Linux 6.7)");
    switch (trial.execution) {
      case ExecutionMode::native: return "it is this machine's own architecture";
      case ExecutionMode::private_binfmt: return "the kernel gives the sandbox a binfmt_misc of its own";
      case ExecutionMode::host_binfmt:
        return (refused.empty() ? "there is no sandbox for a private binfmt_misc" : refused) +
               ", and the host has a registration with flag F";
      case ExecutionMode::direct:
        return (refused.empty() ? "there is no sandbox for a private binfmt_misc" : refused) +
               ", and the host has no registration with flag F";
    }
    return {};
  }

  void restrict_sandbox() {
    const Trial* native = d_.find(d_.host.arch, SandboxChoice::on, LaunchChoice::automatic);
    if (native == nullptr) return;
    append(native->works() ? partial_restrictions(d_.host, *native)
                           : sandbox_restrictions(d_.host, *native, d_.helper));
  }

  void restrict_emulation() {
    if (d_.qemus.empty()) {
      // Nothing else matters as much to who wants to run such a function.
      d_.restrictions.insert(d_.restrictions.begin(), no_qemu(d_.host, d_.foreign));
      return;
    }
    if (d_.emulated.trial && d_.emulated.trial->binfmt_error != 0)
      append(binfmt_restrictions(d_.host, d_.emulated.trial->binfmt_error));
  }

  void append(std::vector<Restriction> more) {
    for (Restriction& restriction : more) d_.restrictions.push_back(std::move(restriction));
  }

  void add_improvement(const Improvement& improvement) {
    const auto same = [&](const Improvement& one) {
      return improvement.command.empty() ? one.what == improvement.what : one.command == improvement.command;
    };
    if (std::none_of(d_.improvements.begin(), d_.improvements.end(), same))
      d_.improvements.push_back(improvement);
  }

  Diagnosis& d_;
};

}  // namespace

std::string_view name_of(SandboxState state) {
  switch (state) {
    case SandboxState::full: return "full";
    case SandboxState::partial: return "partial";
    case SandboxState::off: return "off";
  }
  return {};
}

const Trial* Diagnosis::find(Arch arch, SandboxChoice sandbox, LaunchChoice launch) const {
  for (const Trial& trial : trials)
    if (trial.arch == arch && trial.sandbox == sandbox && trial.launch == launch) return &trial;
  return nullptr;
}

const Registration* Diagnosis::usable_registration() const {
  const Registration* taker = binfmt.taker_of(foreign);
  return taker != nullptr && taker->flags.find('F') != std::string::npos ? taker : nullptr;
}

Result<Diagnosis> gather(const DiagnosisSettings& settings) {
  Diagnosis diagnosis;
  diagnosis.host = read_host(settings.sources);
  diagnosis.foreign = other_than(diagnosis.host.arch);
  diagnosis.cgroups = read_cgroups(settings.sources.root);
  if (Result<HostBinfmt> binfmt = read_host_binfmt(settings.sources.root + kHostBinfmtFolder))
    diagnosis.binfmt = std::move(*binfmt);
  diagnosis.qemus = find_qemus(diagnosis.foreign, settings.search_path);
  diagnosis.libraries = cross_libraries(diagnosis.foreign, settings.sources.root);
  diagnosis.helper = settings.libexec + "/lemu-sandbox";
  Result<TrialBench> bench = make_bench(diagnosis, settings);
  LEMU_TRY(bench);
  LEMU_TRY(run_trials(diagnosis, *bench));
  conclude(diagnosis);
  return diagnosis;
}

void conclude(Diagnosis& diagnosis) { Conclusion(diagnosis).draw(); }

}  // namespace lemu::qemu
