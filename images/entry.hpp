// SPDX-License-Identifier: Apache-2.0
// Entry: one thing a package holds, after its hostile description has been checked: a path that stays inside
// the folder it is unpacked into, one of three types, permissions without setuid. Pure functions; any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lemu::images {

enum class EntryType { file, folder, link };

struct Entry {
  std::string path;  ///< relative, without ".", ".." or empty components; empty for the folder itself
  EntryType type = EntryType::file;
  mode_t permissions = 0644;  ///< rwx bits only
};

/// Checks what an archive says of an entry. `unix_mode` is st_mode, or 0 when the archive carries none: then
/// files are 0644. A message names the entry, not the archive.
[[nodiscard]] Result<Entry> check_entry(std::string_view name, mode_t unix_mode);

/// A link may lead anywhere, as on Lambda: it is kept, and nothing is ever written or read through it here.
/// Its target must be one that Linux takes.
[[nodiscard]] Status check_link(const std::string& path, std::string_view target);

/// 'name' for a message: printable, long ones cut.
[[nodiscard]] std::string in_quotes(std::string_view name);

}  // namespace lemu::images
