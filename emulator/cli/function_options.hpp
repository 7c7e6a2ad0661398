// SPDX-License-Identifier: Apache-2.0
// FunctionOptions: what the command line says about a function and how to run it; shared by the commands that
// run one (invoke, shell). Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"
#include "emulator/cli/parser/command_line_parser.hpp"
#include "emulator/cli/terminal/verbosity.hpp"
#include "emulator/function/config.hpp"
#include "emulator/function/credentials.hpp"
#include "emulator/function/env_file.hpp"
#include "qemu/launch_plan.hpp"

namespace lemu::emulator::cli {

struct FunctionOptions {
  std::optional<Arch> arch = {};   ///< absent: what the bootstrap's ELF header says
  FunctionSettings settings = {};  ///< --name --region --handler --memory --timeout --ephemeral-storage
  std::vector<std::string> env_files = {};
  std::vector<EnvironmentEntry> env = {};
  CredentialsSource credentials = CredentialsSource::none;
  std::optional<double> timeout_scale = {};  ///< absent: lemu's own choice
  std::string cpu = {};                      ///< QEMU's -cpu; empty: Lambda's hardware
  std::string qemu = {};                     ///< path; empty: searched for
  std::string sysroot = {};                  ///< path; empty: none
  qemu::SandboxChoice sandbox = qemu::SandboxChoice::automatic;
  qemu::LaunchChoice launch = qemu::LaunchChoice::automatic;
  bool keep = false;  ///< leave the environment's folder and print its path
  Verbosity verbosity = Verbosity::normal;
};

/// The groups of options that fill `into`, which must outlive the parsing.
[[nodiscard]] std::vector<OptionGroup> function_option_groups(FunctionOptions& into);

/// The entries of all --env-file, then of all --env: in rising precedence, as resolve_user_variables takes
/// them.
[[nodiscard]] Result<std::vector<EnvironmentEntry>> environment_entries(const FunctionOptions& options,
                                                                        std::string_view function);

}  // namespace lemu::emulator::cli
