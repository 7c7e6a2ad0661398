// SPDX-License-Identifier: Apache-2.0
#include "images/tree_writer.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/syscall.hpp"
#include "images/entry.hpp"
#include "images/errors.hpp"

namespace lemu::images {
namespace {

constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string_view leaf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Why `path` could not be made. Disk trouble is the host's; all else is the package's.
tl::unexpected<Error> cannot_make(std::string_view path, int code) {
  if (code == EEXIST) return fail<"zip-entry-in-conflict">(at<"name">(in_quotes(path)));
  if (code == ENOSPC || code == EDQUOT || code == EROFS || code == EACCES || code == EMFILE)
    return fail_errno<"unpack-no-room">(code, at<"name">(in_quotes(path)));
  return fail_errno<"unpack-failed">(code, at<"name">(in_quotes(path)));
}

/// Opens the folder `name` of `parent`, making it if it is missing. `path` is its whole path, for messages.
Result<Fd> enter(int parent, const std::string& name, std::string_view path) {
  Fd fd(::openat(parent, name.c_str(), kFolderFlags));
  if (fd.valid()) return fd;
  if (errno == ENOTDIR || errno == ELOOP) {
    struct stat info {};
    const bool link =
        ::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
    return fail<"zip-entry-below-file">(at<"name">(in_quotes(path)),
                                        at<"kind">(link ? "symbolic link" : "file"));
  }
  // The umask may have taken bits away, so they are set again.
  if (errno != ENOENT || ::mkdirat(parent, name.c_str(), 0755) != 0 ||
      ::fchmodat(parent, name.c_str(), 0755, 0) != 0)
    return cannot_make(path, errno);
  fd = Fd(::openat(parent, name.c_str(), kFolderFlags));
  if (!fd.valid()) return cannot_make(path, errno);
  return fd;
}

}  // namespace

Result<TreeWriter> TreeWriter::open(const std::string& folder) {
  Result<Fd> root = open_file(folder, O_PATH | O_DIRECTORY);
  LEMU_TRY(root);
  std::error_code failed;
  if (!std::filesystem::is_empty(folder, failed) || failed)
    return fail<"unpack-not-empty">(at<"folder">(folder));
  return TreeWriter(std::move(*root));
}

Result<int> TreeWriter::folder_at(std::string_view path) {
  if (path.empty()) return root_.get();
  if (path == last_path_) return last_.get();
  Fd here;
  std::size_t end = 0;
  do {
    const std::size_t start = end == 0 ? 0 : end + 1;
    end = std::min(path.find('/', start), path.size());
    Result<Fd> next = enter(here.valid() ? here.get() : root_.get(),
                            std::string(path.substr(start, end - start)), path.substr(0, end));
    LEMU_TRY(next);
    here = std::move(*next);
  } while (end < path.size());
  last_ = std::move(here);
  last_path_ = path;
  return last_.get();
}

Result<int> TreeWriter::parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return folder_at(slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash));
}

Result<Fd> TreeWriter::make_file(const std::string& path, mode_t permissions) {
  const Result<int> parent = parent_of(path);
  if (!parent) return fail(parent.error());
  const std::string name(leaf(path));
  Fd file(::openat(*parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid() || ::fchmod(file.get(), permissions) != 0) return cannot_make(path, errno);
  return file;
}

Status TreeWriter::make_folder(const std::string& path) {
  const Result<int> made = folder_at(path);
  if (!made) return fail(made.error());
  return {};
}

Status TreeWriter::make_link(const std::string& path, const std::string& target) {
  const Result<int> parent = parent_of(path);
  if (!parent) return fail(parent.error());
  const std::string name(leaf(path));
  if (::symlinkat(target.c_str(), *parent, name.c_str()) != 0) return cannot_make(path, errno);
  return {};
}

}  // namespace lemu::images
