// SPDX-License-Identifier: Apache-2.0
// TreeWriter: writes files, folders and links below one folder, by descriptors and without following any
// link, so that nothing can be made outside it. Owned by one unpacking; one thread; nobody else may write
// there meanwhile.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::images {

/// Paths are those of Entry::path: checked, relative, without "..". Missing folders on the way are made,
/// 0755.
class TreeWriter {
 public:
  /// `folder` must exist and be empty.
  [[nodiscard]] static Result<TreeWriter> open(const std::string& folder);

  /// A new file, open for writing, with its permissions whatever the umask.
  [[nodiscard]] Result<Fd> make_file(const std::string& path, mode_t permissions);
  Status make_folder(const std::string& path);
  Status make_link(const std::string& path, const std::string& target);

 private:
  explicit TreeWriter(Fd root) : root_(std::move(root)) {}
  [[nodiscard]] Result<int> folder_at(std::string_view path);
  [[nodiscard]] Result<int> parent_of(const std::string& path);

  Fd root_;
  Fd last_;  ///< the folder made or entered last: entries of a folder come together
  std::string last_path_;
};

}  // namespace lemu::images
