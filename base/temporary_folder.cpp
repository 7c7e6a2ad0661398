// SPDX-License-Identifier: Apache-2.0
#include "base/temporary_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/errors.hpp"
#include "base/fd.hpp"
#include "base/syscall.hpp"

namespace lemu {
namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

/// Opens a folder for reading its names; one without permission to do so gets it first, as its owner may.
Dir open_folder(int parent, const char* name) {
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = ::openat(parent, name, flags);
  struct stat info;
  if (fd >= 0 && ::fstat(fd, &info) == 0 && (info.st_mode & S_IRWXU) != S_IRWXU) {
    ::fchmod(fd, S_IRWXU);
  } else if (fd < 0 && errno == EACCES && ::fchmodat(parent, name, S_IRWXU, 0) == 0) {
    fd = ::openat(parent, name, flags);
  }
  if (fd < 0) return nullptr;
  DIR* dir = ::fdopendir(fd);
  if (dir == nullptr) ::close(fd);
  return Dir(dir);
}

bool is_self_or_parent(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/// Moves a folder up to `top` under a name of its own. Names may be taken: a removal that was cut short
/// leaves its own, and what is removed may hold any. False with errno.
bool park_folder(int from, const char* name, int top, unsigned& moved) {
  while (true) {
    const std::string parked = ".lemu-removing-" + std::to_string(moved++);
    if (::renameat(from, name, top, parked.c_str()) == 0) return true;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return false;
  }
}

/// Empties one folder. A folder in it that is not empty is moved up to `top`, to be emptied in its turn: so
/// the depth of the tree costs neither stack nor descriptors. Any entry left behind shows as ENOTEMPTY later.
Status empty_folder(int top, const std::string& name, unsigned& moved) {
  const Dir dir = open_folder(top, name.c_str());
  if (!dir) return fail_errno<"system-call-failed">(errno, at<"attempt">("open folder " + name));
  const int fd = ::dirfd(dir.get());
  while (const dirent* entry = ::readdir(dir.get())) {
    if (is_self_or_parent(entry->d_name) || ::unlinkat(fd, entry->d_name, 0) == 0) continue;
    if (errno != EISDIR)
      return fail_errno<"system-call-failed">(errno, at<"attempt">(std::string("remove ") + entry->d_name));
    if (::unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0) continue;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
      return fail_errno<"system-call-failed">(errno,
                                              at<"attempt">(std::string("remove folder ") + entry->d_name));
    // Moving a folder writes its "..", which needs its own write permission.
    ::fchmodat(fd, entry->d_name, S_IRWXU, 0);
    if (!park_folder(fd, entry->d_name, top, moved))
      return fail_errno<"system-call-failed">(errno,
                                              at<"attempt">(std::string("move folder ") + entry->d_name));
  }
  return {};
}

/// The name of some folder in `top`, or nothing once it is empty.
std::string next_folder(int top) {
  const Dir dir = open_folder(top, ".");
  if (!dir) return {};
  while (const dirent* entry = ::readdir(dir.get()))
    if (!is_self_or_parent(entry->d_name)) return entry->d_name;
  return {};
}

}  // namespace

Status remove_tree(const std::string& path) {
  const Dir top = open_folder(AT_FDCWD, path.c_str());
  if (!top) {
    if (errno == ENOENT) return {};
    return fail_errno<"system-call-failed">(errno, at<"attempt">("remove " + path));
  }
  const int fd = ::dirfd(top.get());
  unsigned moved = 0;
  std::string name = ".";
  do {
    Status emptied = empty_folder(fd, name, moved);
    if (!emptied) return fail(std::move(emptied.error()).within("cannot remove " + path));
    if (name != "." && ::unlinkat(fd, name.c_str(), AT_REMOVEDIR) != 0)
      return fail_errno<"system-call-failed">(errno, at<"attempt">("remove " + path + "/" + name));
    name = next_folder(fd);
  } while (!name.empty());
  if (::rmdir(path.c_str()) != 0)
    return fail_errno<"system-call-failed">(errno, at<"attempt">("remove " + path));
  return {};
}

Result<TemporaryFolder> TemporaryFolder::make(std::string_view prefix, const std::string& parent) {
  std::string path = parent;
  if (path.empty()) {
    const char* chosen = ::getenv("TMPDIR");
    path = chosen != nullptr && chosen[0] == '/' ? chosen : "/tmp";
  }
  path.append("/").append(prefix).append("XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return fail_errno<"temporary-folder">(errno, at<"path">(path));
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
  if (this != &other) {
    (void)remove();
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

TemporaryFolder::~TemporaryFolder() { (void)remove(); }

std::string TemporaryFolder::keep() { return std::exchange(path_, {}); }

Status TemporaryFolder::remove() {
  if (path_.empty()) return {};
  return remove_tree(std::exchange(path_, {}));
}

}  // namespace lemu
