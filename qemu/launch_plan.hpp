// SPDX-License-Identifier: Apache-2.0
// LaunchPlan: how one function will be made to run on this host — which sandbox, which execution, and why —
// as the specification for lemu-sandbox. Pure apart from looking at the host's files; launches nothing. Any
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"
#include "qemu/runtime_root.hpp"
#include "qemu/sandbox/spec.hpp"
#include "qemu/script.hpp"

namespace lemu::qemu {

/// `--sandbox`.
enum class SandboxChoice { automatic, on, off };
/// `--launch`.
enum class LaunchChoice { automatic, native, private_binfmt, host_binfmt, direct };

/// How the function's instructions are executed.
enum class ExecutionMode { native, private_binfmt, host_binfmt, direct };
[[nodiscard]] std::string_view name_of(ExecutionMode execution);

/// A QEMU user-mode program as the plan needs it.
struct Emulator {
  std::string path;                    ///< host path
  std::string loader;                  ///< host path of its ld.so; empty for a static QEMU
  std::vector<std::string> libraries;  ///< host paths of its shared libraries
};

/// One choice of the plan, for `-v`, doctor and the report.
struct Reason {
  std::string choice;  ///< "execution: direct QEMU"
  std::string because;
};

/// What this host is, as far as the plan depends on it. Filled by host_facts(); made up by tests.
struct HostFacts {
  Arch arch = host_arch();
  int kernel_major = 0;
  int kernel_minor = 0;
  std::uint32_t uid = 0;
  unsigned processors = 1;           ///< that a function may use
  std::string callers_unknown = {};  ///< why the kernel does not tell who has a socket; empty: it does
};
[[nodiscard]] HostFacts host_facts();

struct LaunchRequest {
  Arch arch = Arch::x86_64;
  SandboxChoice sandbox = SandboxChoice::automatic;
  LaunchChoice launch = LaunchChoice::automatic;
  std::string task_folder;     ///< host folder shown as /var/task; empty in the single-file case
  std::string bootstrap_file;  ///< host file shown as /var/task/bootstrap; empty otherwise
  sandbox::FileIdentity code;  ///< of whichever of the two it is, as it was inspected
  /// Host path of the bootstrap where task_folder/bootstrap is a link that leads there in a sandbox only;
  /// empty otherwise.
  std::string linked_bootstrap;
  std::vector<std::string> hidden;   ///< paths of task_folder that the function must not reach, relative
  std::optional<ScriptLine> script;  ///< the bootstrap is a script
  RuntimeRoot root;
  std::optional<Emulator> emulator;              ///< present when arch is not the host's
  std::string cpu;                               ///< QEMU's -cpu
  std::string wrapper;                           ///< host path of lemu-qemu-wrapper
  std::string binfmt_registration;               ///< of the wrapper at sandbox::kWrapperPath
  std::optional<std::string> host_registration;  ///< name of a usable host binfmt registration
  bool own_emulator = false;                     ///< by --qemu or --cpu: a registration would use its own
  std::string mount_point;         ///< an empty host folder that the sandbox's root is mounted on
  std::uint64_t tmp_bytes = 0;     ///< limit of /tmp
  std::uint64_t memory_bytes = 0;  ///< what the function is told of memory; 0: the machine's own figures
  std::string tmp_folder;          ///< host folder that is /tmp; empty: /tmp is in memory
  sandbox::Stdio stdio = sandbox::Stdio::log;
  std::vector<std::string>
      shell;  ///< run this instead of the bootstrap (lemu shell); a path inside, arguments
};

struct LaunchPlan {
  sandbox::SandboxSpec spec;                        ///< without `environment`, which the caller fills
  ExecutionMode execution = ExecutionMode::native;  ///< of spec.normal
  ExecutionMode fallback = ExecutionMode::direct;   ///< of spec.direct, when that is present
  bool emulated = false;
  std::string task_root;          ///< /var/task, or the real folder without a sandbox
  std::vector<std::string> lost;  ///< guarantees that this plan does not give, each a phrase
  std::vector<Reason> reasons;
};

/// The plan for the asked sandbox; host_lacks when a forced choice contradicts the host.
/// A caller with SandboxChoice::automatic plans again with `off` where the host withholds sandboxes.
[[nodiscard]] Result<LaunchPlan> plan_launch(const LaunchRequest& request, const HostFacts& host);

/// The words that run a program by QEMU, before `-0 ARGV0 PATH ARGUMENTS`: paths inside the sandbox with
/// Isolation::namespaces, host paths (and where to find libraries, -L) without one.
[[nodiscard]] std::vector<std::string> qemu_command(const LaunchRequest& request,
                                                    sandbox::Isolation isolation);

/// The function's environment, KEY=VALUE each, put into the plan. A program that is QEMU itself gets QEMU's
/// own variables besides (sandbox::kQemuEnvironment), and options that hide them from the guest.
void set_environment(LaunchPlan& plan, std::vector<std::string> environment);

}  // namespace lemu::qemu
