// SPDX-License-Identifier: Apache-2.0
// Package: what a function is packed in, as the user named it; and FunctionCode: the same made ready to be
// run. Both are values. Blocking; any thread (not the one that serves: a zip is unpacked here).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lemu::images {

enum class PackageKind { bootstrap_file, folder, zip };

struct Package {
  PackageKind kind = PackageKind::bootstrap_file;
  std::string path;   ///< absolute, links resolved
  std::string given;  ///< as the user wrote it, for messages
};

/// What `target` is: a zip by its content, whatever its name. Missing, unreadable or special targets, and a
/// ".zip" that is none, are bad_input.
[[nodiscard]] Result<Package> open_package(const std::string& target);

/// What to mount where. All paths are absolute with links resolved, so they can be bind-mounted.
struct FunctionCode {
  std::string task_folder;          ///< to be /var/task; empty for a single bootstrap file
  std::string bootstrap_file;       ///< to be /var/task/bootstrap; only for a single bootstrap file
  std::string bootstrap_host_path;  ///< the bootstrap itself, for inspection, in every case
  /// False: task_folder/bootstrap is a link that leads to it at /var/task only, and elsewhere on this host.
  bool bootstrap_same_on_host = true;
  std::vector<std::string> channels;  ///< sockets and named pipes in task_folder, relative: to be hidden
  std::vector<std::string> notes;     ///< what the user should know, one sentence each
};

/// Makes the code ready: a zip is unpacked into `unpack_folder`, which must exist and be empty then (else it
/// is not used); what a failed unpacking leaves there is the caller's to remove. A package without a
/// bootstrap that Lambda would start is invalid_entrypoint, with Lambda's own words in aws_message and what
/// is wrong in ours. What the bootstrap holds is not looked at. `interrupted` is asked while it takes long,
/// and makes it fail.
[[nodiscard]] Result<FunctionCode> prepare(const Package& package, const std::string& unpack_folder,
                                           std::function<bool()> interrupted = {});

}  // namespace lemu::images
