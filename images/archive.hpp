// SPDX-License-Identifier: Apache-2.0
// Unpacking a zip, as the hostile input it may be, into a folder. Blocking, for as long as 250 MB take to
// unpack: not for the thread that serves; otherwise any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lemu::images {

/// "AWS Lambda quotas", deployment package: function and layers together, unzipped.
inline constexpr std::uint64_t kMostUnzipped = 262'144'000;
/// "AWS Lambda quotas": a zip sent with the API call itself; a larger one goes through S3.
inline constexpr std::uint64_t kMostDirectUpload = 52'428'800;

struct UnzipLimits {
  std::uint64_t bytes = kMostUnzipped;
  /// Asked now and then: whether to give up.
  std::function<bool()> interrupted = {};
};

struct Unpacked {
  std::size_t entries = 0;
  std::uint64_t bytes = 0;
  /// Files whose permissions the zip does not carry (made on Windows, or by a tool that leaves them out):
  /// they are 0644, so none of them can be executed.
  std::size_t files_without_mode = 0;
  std::vector<std::string> notes;  ///< what the user should know, one sentence each
};

/// Unpacks the zip at `path` into `folder`, which exists and is empty. Files keep their rwx permissions,
/// folders get 0755, links their targets as they are. Refuses, with bad_input that names the entry, whatever
/// would be written outside the folder or through a link, and what is no file, folder or symbolic link; a
/// name used twice keeps its last content, with a note, as unzip does. The size limit is enforced on what the
/// zip declares, before anything is written, and what it declares on what is written. After a failure the
/// folder holds a part of the content: it is the caller's to remove.
[[nodiscard]] Result<Unpacked> unpack_zip(const std::string& path, const std::string& folder,
                                          const UnzipLimits& limits = {});

}  // namespace lemu::images
