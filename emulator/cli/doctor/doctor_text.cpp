// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/doctor/doctor_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "qemu/guarantees.hpp"

namespace lemu::emulator::cli {
namespace {

using qemu::Answer;
using qemu::LaunchChoice;
using qemu::SandboxChoice;
using qemu::Trial;

std::string lambda_name(Arch arch) { return std::string(names_of(arch).lambda); }

std::string joined(const std::vector<std::string>& parts, const char* separator = ", ") {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string milliseconds(std::chrono::nanoseconds duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", std::chrono::duration<double, std::milli>(duration).count());
  return text;
}

class DoctorText {
 public:
  DoctorText(const qemu::Diagnosis& diagnosis, Verbosity verbosity) : d_(diagnosis), verbosity_(verbosity) {}

  std::string write() {
    host();
    sandbox_section();
    emulation();
    cgroups();
    verdict(d_.emulated);
    verdict(d_.native);
    if (verbosity_ == Verbosity::verbose) guarantees();
    improvements();
    return std::move(text_);
  }

 private:
  void section(const std::string& title) { text_ += (text_.empty() ? "" : "\n") + title + "\n"; }
  /// `source` says how it is known; shown with -v.
  void line(const std::string& label, const std::string& value, const std::string& source = {}) {
    constexpr std::size_t kColumn = 18;
    std::string padded = label;
    padded.resize(std::max(kColumn, label.size() + 1), ' ');
    text_ += "  " + padded + value;
    if (verbosity_ == Verbosity::verbose && !source.empty()) text_ += "  [" + source + "]";
    text_ += "\n";
  }

  void host() {
    const qemu::Host& host = d_.host;
    section("Host");
    line("architecture", lambda_name(host.arch));
    line("kernel", "Linux " + host.kernel, "/proc/sys/kernel/osrelease");
    if (!host.distribution.empty()) line("distribution", host.distribution, "/etc/os-release");
    const std::string kind = joined(qemu::recognised(host));
    if (!kind.empty()) line("recognised", kind, host.container_evidence);
    line("user", host.uid == 0 ? "root" : "uid " + std::to_string(host.uid));
    const std::string unknown = qemu::host_facts().callers_unknown;
    if (!unknown.empty()) line("missing", qemu::loss_of(qemu::Guarantee::own_runtime_api, unknown));
  }

  std::string outcome(const Trial* trial) const {
    if (trial == nullptr) return "not tried";
    return trial->works() ? "works (tried: " + milliseconds(trial->took) + ")" : trial->text();
  }

  static bool has_namespaces(const Trial* trial) {
    if (trial == nullptr) return false;
    const bool at_them =
        trial->stage == sandbox::Stage::user_namespace || trial->stage == sandbox::Stage::id_maps;
    return trial->works() || (trial->outcome == qemu::Outcome::refused && !at_them);
  }

  void sandbox_section() {
    const qemu::Host& host = d_.host;
    const Trial* native = d_.find(host.arch, SandboxChoice::on, LaunchChoice::automatic);
    section("Sandbox");
    line("user namespaces", has_namespaces(native) ? "yes" : "no",
         "user.max_user_namespaces = " +
             (host.max_user_namespaces ? std::to_string(*host.max_user_namespaces) : std::string("absent")));
    line("whole sandbox", outcome(native), "lemu-sandbox with a program that ends with 42");
    if (native != nullptr && native->works())
      for (const std::string& lost : native->lost)
        if (qemu::diminishes_sandbox({lost})) line("missing", lost);
    std::vector<std::string> causes;
    for (const qemu::Restriction& restriction : d_.restrictions)
      if (restriction.concerns == qemu::Concerns::sandbox) causes.push_back(restriction.text);
    line("restricted by", causes.empty() ? "nothing" : joined(causes, "; "));
    if (verbosity_ == Verbosity::verbose) switches();
  }

  void switches() {
    const qemu::Host& host = d_.host;
    const auto number = [](const std::optional<std::int64_t>& value) {
      return value ? std::to_string(*value) : std::string("absent");
    };
    line("  sysctl", "kernel.unprivileged_userns_clone: " + number(host.unprivileged_clone));
    line("  AppArmor",
         (host.apparmor_profile.empty() ? "none" : host.apparmor_profile) +
             "; kernel.apparmor_restrict_unprivileged_userns: " + number(host.apparmor_restriction));
    line("  seccomp", host.seccomp == qemu::Seccomp::off ? "no filter" : "a filter", "/proc/self/status");
    line("  chroot", host.chroot == Answer::yes  ? "yes"
                     : host.chroot == Answer::no ? "no"
                                                 : "cannot be told");
    line("  /proc", host.covered_proc.empty() ? "whole" : "covered: " + joined(host.covered_proc),
         "/proc/self/mountinfo");
  }

  void emulation() {
    const SandboxChoice best =
        d_.native.sandbox == qemu::SandboxState::off ? SandboxChoice::off : SandboxChoice::on;
    section("Emulation of " + lambda_name(d_.foreign));
    if (d_.qemus.empty()) line("QEMU", "none in PATH");
    for (const qemu::FoundQemu& qemu : d_.qemus)
      line(&qemu == d_.qemus.data() ? "QEMU" : "", described(qemu));
    if (!d_.qemus.empty()) {
      line("private binfmt", best == SandboxChoice::off
                                 ? "needs the sandbox"
                                 : outcome(d_.find(d_.foreign, best, LaunchChoice::private_binfmt)));
      line("host binfmt", host_binfmt(best), qemu::kHostBinfmtFolder);
      line("direct QEMU", outcome(d_.find(d_.foreign, best, LaunchChoice::direct)));
    } else {
      line("host binfmt", host_binfmt(best), qemu::kHostBinfmtFolder);
    }
    line("shared libraries", libraries());
  }

  static std::string described(const qemu::FoundQemu& qemu) {
    std::string text = qemu.program.path + (qemu.version.empty() ? "" : " " + qemu.version);
    text += qemu.program.linkage == qemu::Linkage::self_contained ? ", static" : ", dynamic";
    if (qemu.plugins == Answer::yes) text += ", plugins";
    if (qemu.plugins == Answer::no) text += ", no plugins";
    return text;
  }

  [[nodiscard]] std::string host_binfmt(SandboxChoice best) const {
    if (d_.binfmt.mounted == qemu::Switch::off) return "not mounted (lemu does not need it)";
    if (d_.binfmt.state == qemu::Switch::off) return "switched off (lemu does not need it)";
    const qemu::Registration* taker = d_.binfmt.taker_of(d_.foreign);
    if (taker == nullptr) return "no registration (lemu does not need one)";
    const std::string about = taker->name + " -> " + taker->interpreter + ", flags " +
                              (taker->flags.empty() ? "none" : taker->flags) + ": ";
    if (d_.usable_registration() == nullptr) return about + "without flag F it is no use inside a sandbox";
    return about + outcome(d_.find(d_.foreign, best, LaunchChoice::host_binfmt));
  }

  [[nodiscard]] std::string libraries() const {
    if (!d_.libraries.empty()) return d_.libraries.front().host + " for dynamic programs without --sysroot";
    const std::string command = qemu::cross_library_command(d_.host, d_.foreign);
    return "none: dynamic programs need --sysroot" + (command.empty() ? "" : ", or: " + command);
  }

  void cgroups() {
    section("Cgroups (lemu needs none: it measures and limits by itself)");
    line("version", d_.cgroups.layout());
    for (const qemu::CgroupHierarchy& one : d_.cgroups.hierarchies) {
      const bool shown = one.version == 2 || d_.cgroups.with("memory") == &one;
      if (!shown && verbosity_ != Verbosity::verbose) continue;
      const bool ours = one.access == qemu::CgroupAccess::writable;
      line("v" + std::to_string(one.version) + " " + (one.version == 1 ? joined(one.controllers, ",") : ""),
           one.folder + (ours ? ", delegated to this user" : ", not delegated to this user") +
               (one.version == 2
                    ? "; controllers: " + (one.controllers.empty() ? "none" : joined(one.controllers))
                    : ""));
    }
  }

  void verdict(const qemu::Verdict& verdict) {
    section("An " + lambda_name(verdict.arch) + " function here " +
            (verdict.trial ? "runs" : "does not run"));
    if (!verdict.trial) {
      line("because", verdict.obstacle);
      return;
    }
    line("sandbox", std::string(name_of(verdict.sandbox)) + ": " + verdict.sandbox_reason);
    line("execution", std::string(name_of(verdict.trial->execution)) + ": " + verdict.execution_reason);
    if (qemu::is_lost(qemu::Guarantee::own_children, verdict.trial->lost))
      line("without", qemu::loss_of(qemu::Guarantee::own_children));
  }

  void guarantees() {
    section("Guarantees for an " + lambda_name(d_.foreign) + " function here");
    for (const qemu::GuaranteeRow& row : qemu::guarantees()) {
      if (!d_.emulated.trial) break;
      const qemu::Standing stands = qemu::standing(row, d_.emulated.trial->lost);
      text_ += std::string(stands.given == qemu::Standing::Given::yes ? "  yes  " : "  no   ") +
               std::string(row.name) + ": " + std::string(stands.how) +
               (stands.why.empty() ? "" : " (" + stands.why + ")") + "\n";
    }
  }

  void improvements() {
    section("To improve");
    if (d_.improvements.empty()) {
      text_ += d_.restrictions.empty() ? "  Nothing: this host gives lemu all that it can use.\n"
                                       : "  Nothing that lemu knows of.\n";
      return;
    }
    for (const qemu::Improvement& improvement : d_.improvements) {
      text_ += "  " + improvement.what + (improvement.command.empty() ? "" : ":") + "\n";
      if (!improvement.command.empty()) text_ += "    " + improvement.command + "\n";
    }
  }

  const qemu::Diagnosis& d_;
  Verbosity verbosity_;
  std::string text_;
};

}  // namespace

std::string doctor_text(const qemu::Diagnosis& diagnosis, Verbosity verbosity) {
  return DoctorText(diagnosis, verbosity).write();
}

}  // namespace lemu::emulator::cli
