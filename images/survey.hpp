// SPDX-License-Identifier: Apache-2.0
// Survey: one walk through a package's folder before it is mounted, for its size and for what in it is no
// part of a package. A value; blocking; any thread.
#pragma once

#include <string>
#include <vector>

namespace lemu::images {

struct Survey {
  bool over_limit = false;  ///< more than Lambda takes, unzipped
  /// Sockets and named pipes, relative: a program of this machine may listen at each.
  std::vector<std::string> channels;
  bool whole = true;  ///< false: there was more than is walked through
};

/// The walk is bounded, as every start pays for it.
[[nodiscard]] Survey survey_folder(const std::string& folder);

}  // namespace lemu::images
