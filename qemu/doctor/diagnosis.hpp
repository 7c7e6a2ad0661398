// SPDX-License-Identifier: Apache-2.0
// Diagnosis: everything `lemu doctor` finds out about this host, and what it concludes. A plain value.
// gather() runs the trials and blocks for some hundred milliseconds; conclude() is pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "qemu/cgroups.hpp"
#include "qemu/doctor/host.hpp"
#include "qemu/doctor/restrictions.hpp"
#include "qemu/guest_root.hpp"
#include "qemu/host_binfmt.hpp"
#include "qemu/interpreter.hpp"
#include "qemu/trial.hpp"

namespace lemu::qemu {

struct FoundQemu {
  QemuProgram program;
  std::string version;               ///< "7.2.22 (Debian …)"
  Answer plugins = Answer::unknown;  ///< whether it can load TCG plugins
};

enum class SandboxState { full, partial, off };
[[nodiscard]] std::string_view name_of(SandboxState state);

/// How a function of one architecture runs here when nothing is asked for.
struct Verdict {
  Arch arch = Arch::x86_64;
  std::optional<Trial> trial;  ///< absent: it does not run
  SandboxState sandbox = SandboxState::off;
  std::string sandbox_reason;
  std::string execution_reason;
  std::string obstacle;  ///< why it does not run
};

struct Diagnosis {
  Host host;
  Cgroups cgroups;
  HostBinfmt binfmt;
  Arch foreign = Arch::arm64;      ///< the architecture that is emulated here
  std::vector<FoundQemu> qemus;    ///< for it; the first is used
  std::vector<Mounted> libraries;  ///< the distribution's cross libraries for it
  std::string helper;
  std::vector<Trial> trials;

  // conclude() fills:
  Verdict native;
  Verdict emulated;
  std::vector<Restriction> restrictions;  ///< what stands in the way of something, each once
  std::vector<Improvement> improvements;  ///< what would help, most important first, each command once

  /// The trial of that kind, or nullptr when it was not made.
  [[nodiscard]] const Trial* find(Arch arch, SandboxChoice sandbox, LaunchChoice launch) const;
  /// The host's registration for the foreign architecture that works inside a sandbox (flag F), or nullptr.
  [[nodiscard]] const Registration* usable_registration() const;
};

struct DiagnosisSettings {
  HostSources sources;
  std::string search_path;  ///< $PATH
  std::string libexec;      ///< folder of lemu-sandbox and lemu-qemu-wrapper
  std::string folder;       ///< where trials put their files; not on a file system mounted noexec
};

/// internal when the helper cannot be started at all; a host that refuses is no error.
[[nodiscard]] Result<Diagnosis> gather(const DiagnosisSettings& settings);
void conclude(Diagnosis& diagnosis);

}  // namespace lemu::qemu
