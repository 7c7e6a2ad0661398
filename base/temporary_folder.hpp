// SPDX-License-Identifier: Apache-2.0
// TemporaryFolder: the one owner of a folder that is removed with all it holds, unless kept. Move-only;
// blocking; any one thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lemu {

class TemporaryFolder {
 public:
  /// Makes PARENT/PREFIXxxxxxx with mode 0700. An empty parent means $TMPDIR, else /tmp.
  [[nodiscard]] static Result<TemporaryFolder> make(std::string_view prefix, const std::string& parent = "");

  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Gives the folder up: it stays. Its path.
  std::string keep();
  /// Removes it now, and reports what the destructor would keep silent about.
  Status remove();

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;  ///< empty: nothing to remove
};

/// Removes a folder and everything below it, following no link and however deep it goes; unwritable folders
/// in it are made writable first. A path that does not exist is a success. Nobody may be writing below it.
Status remove_tree(const std::string& path);

}  // namespace lemu
