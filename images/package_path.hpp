// SPDX-License-Identifier: Apache-2.0
// Follows a path of a package as the function will: the package is /var/task, and no link leads into this
// machine's own files. Reads links by descriptor; any thread.
#pragma once

#include <string>
#include <string_view>

namespace lemu::images {

struct PackagePath {
  int error = 0;         ///< an errno; EXDEV: it leads out of the package
  std::string relative;  ///< below the package's folder, without links; unless there is an error
  std::string outside;   ///< EXDEV: the first folder or file outside, as the function names it: "/opt"
  /// The kernel would come to the same file on this host, where the package is not at /var/task.
  bool same_on_host = true;
};

/// Follows `path` (relative to the package's folder) to something that exists and is not a link.
[[nodiscard]] PackagePath follow_in_package(int folder, std::string_view path);

}  // namespace lemu::images
