// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/control_socket.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/syscall.hpp"
#include "emulator/store/errors.hpp"

namespace lemu::emulator {
namespace {

/// A name in a folder that is open. Through /proc it is short enough for a socket, and leads nowhere else,
/// whatever becomes of the folder's own name.
sockaddr_un address_in(const Fd& folder, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
  if (path.size() < sizeof address.sun_path) std::strcpy(address.sun_path, path.c_str());
  return address;
}

Result<Fd> connect_in(const Fd& folder, const std::string& name) {
  const sockaddr_un address = address_in(folder, name);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return fail_errno<"control-socket">(errno, at<"path">(name));
  return fd;
}

/// Another user's folder would hold sockets of theirs.
Result<Fd> open_folder(const std::string& path, uid_t owner) {
  Result<Fd> folder = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) return fail_errno<"control-socket">(folder.error().os_error, at<"path">(path));
  struct stat about {};
  if (::fstat(folder->get(), &about) < 0) return fail_errno<"control-socket">(errno, at<"path">(path));
  if (about.st_uid != owner) return fail<"control-folder-not-yours">(at<"path">(path));
  return folder;
}

Result<Fd> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) < 0 && errno != EEXIST)
    return fail_errno<"control-socket">(errno, at<"path">(path));
  Result<Fd> folder = open_folder(path, ::geteuid());
  LEMU_TRY(folder);
  // Whatever the umask, or who made it before.
  if (::fchmod(folder->get(), 0700) < 0) return fail_errno<"control-socket">(errno, at<"path">(path));
  return folder;
}

std::vector<std::string> names_in(const Fd& folder) {
  std::vector<std::string> names;
  const int again = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(again), ::closedir);
  if (!listing) return names;
  while (const dirent* entry = ::readdir(listing.get())) names.emplace_back(entry->d_name);
  return names;
}

/// connect(2) refuses a file that is no socket with the same word.
bool is_socket(const Fd& folder, const std::string& name) {
  struct stat about {};
  return ::fstatat(folder.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(about.st_mode);
}

/// Removes what daemons left that were killed: nobody listens there.
void sweep(const Fd& folder) {
  for (const std::string& name : names_in(folder)) {
    if (!is_socket(folder, name)) continue;
    const Result<Fd> connected = connect_in(folder, name);
    if (!connected && connected.error().os_error == ECONNREFUSED) ::unlinkat(folder.get(), name.c_str(), 0);
  }
}

Result<Fd> listen_in(const Fd& folder, const std::string& name) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_in(folder, name);
  if (!fd.valid() || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      ::listen(fd.get(), SOMAXCONN) < 0)
    return fail_errno<"control-socket">(errno, at<"path">(name));
  return fd;
}

}  // namespace

std::string control_folder(const std::string& base) { return base + "/control"; }

Result<ControlSocket> ControlSocket::make(const std::string& base, const std::string& address) {
  Result<ControlSocket> made = make_once(base, address);
  // Another daemon's end may take the folder along just when it is about to be used. Each try that fails so
  // is one that another has ended, so this ends; the number is for a folder that cannot be used at all.
  constexpr int kTries = 1000;
  for (int i = 1; i < kTries && !made && made.error().os_error == ENOENT; ++i)
    made = make_once(base, address);
  return made;
}

Result<ControlSocket> ControlSocket::make_once(const std::string& base, const std::string& address) {
  const std::string path = control_folder(base);
  Result<Fd> folder = make_folder(path);
  LEMU_TRY(folder);
  ControlSocket made(path, std::move(*folder), address);
  // Between its bind and its listen another's sweep would take it for abandoned.
  while (::flock(made.folder_.get(), LOCK_EX) < 0 && errno == EINTR) continue;
  sweep(made.folder_);
  Result<Fd> listener = listen_in(made.folder_, address);
  ::flock(made.folder_.get(), LOCK_UN);
  if (!listener) return fail(std::move(listener.error()).within(path));
  struct stat about {};
  if (::fstatat(made.folder_.get(), address.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0)
    made.inode_ = about.st_ino;
  made.listener_ = std::move(*listener);
  return made;
}

/// The folder goes with the last socket in it.
void ControlSocket::remove() {
  if (!folder_.valid() || inode_ == 0) return;
  struct stat about {};
  const bool is_there =
      ::fstatat(folder_.get(), name_.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 && about.st_ino == inode_;
  if (is_there) ::unlinkat(folder_.get(), name_.c_str(), 0);
  folder_.reset();
  ::rmdir(path_.c_str());
}

Result<Fd> connect_to_control(const std::string& base, const std::string& address, uid_t owner) {
  const Result<Fd> folder = open_folder(control_folder(base), owner);
  LEMU_TRY(folder);
  return connect_in(*folder, address);
}

}  // namespace lemu::emulator
