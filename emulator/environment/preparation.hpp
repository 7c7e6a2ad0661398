// SPDX-License-Identifier: Apache-2.0
// Preparation: from what the user pointed at to a plan that can be launched: package, program, architecture,
// QEMU, the root around it. Reads files and may unpack a zip; starts nothing but, for a QEMU with shared
// libraries, its loader. Blocking.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "emulator/environment/environment_folder.hpp"
#include "qemu/launch_plan.hpp"

namespace lemu::emulator {

/// What decides how a function is run; the command line's and the configuration's shared part.
struct RunSettings {
  std::string target;               ///< bootstrap file, folder or zip
  std::optional<Arch> arch;         ///< what the user said; else what the program says
  std::optional<std::string> qemu;  ///< --qemu
  std::string search_path;          ///< $PATH, where QEMU is looked for
  std::optional<std::string> cpu;   ///< --cpu; else Lambda's launch hardware
  std::optional<std::string> sysroot;
  qemu::SandboxChoice sandbox = qemu::SandboxChoice::automatic;
  qemu::LaunchChoice launch = qemu::LaunchChoice::automatic;
  std::uint64_t tmp_bytes = 512ULL << 20;
  enum class Tmp { memory, folder } tmp = Tmp::memory;
  sandbox::Stdio stdio = sandbox::Stdio::log;
  std::vector<std::string> shell;  ///< run this instead of the bootstrap
  std::string libexec;             ///< folder of lemu-sandbox and lemu-qemu-wrapper
  /// Asked while a preparation takes long: whether to give it up.
  std::function<bool()> interrupted;
};

/// The architecture as Lambda's users write it: "arm64".
[[nodiscard]] inline std::string lambda_name(Arch arch) { return std::string(names_of(arch).lambda); }

/// The function's code, held open so that no other file can take its inode number.
struct PinnedCode {
  Fd file;
  sandbox::FileIdentity identity;
};

/// The folder or file that `request` shows as the function's code. bad_input when it is not there.
[[nodiscard]] Result<PinnedCode> pin_code(const qemu::LaunchRequest& request);

struct PreparedFunction {
  Fd code;  ///< what was inspected: request.code
  qemu::LaunchRequest
      request;  ///< plan_launch's input; planned again with another sandbox where that is refused
  std::string helper;
  std::optional<std::string> qemu;    ///< host path, when emulated
  std::vector<std::string> notes;     ///< for the user, as sentences
  std::vector<qemu::Reason> reasons;  ///< for -v

  void because(std::string choice, std::string reason) {
    reasons.push_back({std::move(choice), std::move(reason)});
  }
};

[[nodiscard]] Result<PreparedFunction> prepare_function(const RunSettings& settings,
                                                        EnvironmentFolder& folder);

}  // namespace lemu::emulator
