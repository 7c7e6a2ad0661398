// SPDX-License-Identifier: Apache-2.0
// Preparation: from what the user pointed at to a plan that can be launched: package, program, architecture,
// QEMU, the root around it. Reads files and may unpack a zip; starts nothing but, for a QEMU with shared
// libraries, its loader. Blocking.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "emulator/environment/environment_folder.hpp"
#include "emulator/environment/launch_options.hpp"
#include "emulator/environment/stillness.hpp"
#include "emulator/function/function.hpp"
#include "qemu/launch_plan.hpp"

namespace lemu::emulator {

/// A function, and all that decides how it is launched.
struct FunctionSetup {
  Function function;
  LaunchOptions launch;
  std::string search_path;  ///< $PATH, where QEMU is looked for
  std::string libexec;      ///< folder of lemu-sandbox and lemu-qemu-wrapper
  Rest rest = Rest::running;
  sandbox::Stdio stdio = sandbox::Stdio::log;
  std::vector<std::string> shell = {};  ///< run this instead of the bootstrap: a path inside, arguments
  /// Asked while a preparation takes long: whether to give it up.
  std::function<bool()> interrupted = {};
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

[[nodiscard]] Result<PreparedFunction> prepare_function(const FunctionSetup& setup,
                                                        EnvironmentFolder& folder);

}  // namespace lemu::emulator
