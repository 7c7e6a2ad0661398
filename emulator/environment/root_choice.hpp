// SPDX-License-Identifier: Apache-2.0
// RootChoice: which system directories stand around a function's program: the host's, a sysroot, the
// distribution's cross libraries, or none. It follows a script to its interpreter, and a dynamic program to
// its libraries. A part of preparation: fills the PreparedFunction. Reads files. Blocking.
#pragma once

#include <string>

#include "base/result.hpp"
#include "emulator/environment/environment_folder.hpp"
#include "emulator/environment/package_names.hpp"
#include "emulator/environment/preparation.hpp"
#include "images/package.hpp"
#include "qemu/guest_root.hpp"
#include "qemu/inspect.hpp"

namespace lemu::emulator {

class RootChoice {
 public:
  /// All of them must outlive it.
  RootChoice(const LaunchOptions& options, EnvironmentFolder& folder, const images::FunctionCode& code,
             const PackageNames& names, PreparedFunction& prepared)
      : options_(options), folder_(folder), code_(code), names_(names), prepared_(prepared) {}

  /// Fills the request's root and script for the bootstrap.
  Status choose(const qemu::Program& bootstrap);

 private:
  [[nodiscard]] bool emulated() const { return prepared_.request.arch != host_arch(); }
  [[nodiscard]] qemu::GuestRoot guest_root(const qemu::RuntimeRoot& root) const;
  Status take_sysroot(const std::string& path);
  Status make_prefix(qemu::RuntimeRoot& root);
  Status choose_for_elf(const qemu::ElfInfo& elf, const std::string& guest_path);
  Status choose_for_script(const qemu::ScriptLine& script);

  const LaunchOptions& options_;
  EnvironmentFolder& folder_;
  const images::FunctionCode& code_;
  const PackageNames& names_;
  PreparedFunction& prepared_;
};

}  // namespace lemu::emulator
