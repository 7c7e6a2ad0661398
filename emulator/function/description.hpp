// SPDX-License-Identifier: Apache-2.0
// FunctionDescription: what a user says about a function, wherever they say it: on the command line, in a
// configuration file, in a template. Nothing in it is checked or filled in yet; resolve_function does that
// (function.hpp). A plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "emulator/function/credentials.hpp"
#include "emulator/function/env_file.hpp"

namespace lemu::emulator {

/// What is absent takes its default.
struct FunctionDescription {
  std::string target = {};               ///< path of a bootstrap, a folder or a zip
  std::optional<Arch> arch = {};         ///< absent: what the bootstrap's ELF header says
  std::optional<std::string> name = {};  ///< absent: after the target
  std::optional<std::string> region = {};
  std::optional<std::string> account_id = {};
  std::optional<std::string> handler = {};
  std::optional<std::uint64_t> memory_mb = {};  ///< Lambda's MB are MiB
  std::optional<std::chrono::milliseconds> timeout = {};
  std::optional<std::uint64_t> ephemeral_storage_mb = {};  ///< size of /tmp
  std::vector<std::string> env_files = {};                 ///< paths; a later file wins over an earlier one
  std::vector<EnvironmentEntry> env = {};                  ///< wins over the files
  CredentialsSource credentials = CredentialsSource::none;
};

}  // namespace lemu::emulator
