// SPDX-License-Identifier: Apache-2.0
// The central directory of a zip: what the archive says of each entry, names byte for byte as they stand
// there. libarchive unpacks the contents (images/archive.hpp), but does not tell who made an entry, and in a
// program without a locale it loses every name that is not ASCII; so this is read here. Pure data; blocking
// reads.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lemu::images {

/// More than any package of Lambda's 250 MB holds; a bound on what a hostile archive can make us do.
inline constexpr std::uint64_t kMostEntries = 200'000;

struct ZipEntry {
  std::string name;                 ///< the raw bytes: hostile
  std::size_t position = 0;         ///< its place in the central directory, from 0
  std::uint64_t header_offset = 0;  ///< where its local header starts, from the file's start
  std::uint64_t size = 0;           ///< unpacked, as it declares
  mode_t unix_mode = 0;             ///< type and permissions; 0 when the archive was made without any
  bool encrypted = false;
};

/// The entries in the order of their data, as libarchive visits them. The archive starts at the file's first
/// byte and ends at its last; one that is cut short, split, or claims one piece of data twice is bad_input.
/// `shown` names the archive in messages.
[[nodiscard]] Result<std::vector<ZipEntry>> read_zip_directory(int fd, const std::string& shown);

}  // namespace lemu::images
