// SPDX-License-Identifier: Apache-2.0
// Finding the bootstrap of a package as Lambda's provided runtimes do, and explaining why there is none.
// Values; blocking; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "images/package.hpp"

namespace lemu::images {

struct BootstrapSearch {
  std::string folder;  ///< the package's content on this host, absolute
  std::string given;   ///< the package as the user named it
  PackageKind kind = PackageKind::folder;
  std::size_t files_without_mode = 0;  ///< as Unpacked says, for a zip
};

struct Bootstrap {
  std::string host_path;     ///< links followed as the function will
  bool same_on_host = true;  ///< the kernel comes to it from FOLDER/bootstrap on this host, too
  std::vector<std::string> notes;
};

/// The executable regular file `bootstrap` at the top of the folder, or one that a link leads to inside the
/// folder, which is /var/task: no link is followed into this machine's files.
[[nodiscard]] Result<Bootstrap> find_bootstrap(const BootstrapSearch& search);

/// Whether a bootstrap given by itself may be executed.
[[nodiscard]] Status check_single_bootstrap(const std::string& path, const std::string& given);

}  // namespace lemu::images
