// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/root.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "qemu/sandbox/proc.hpp"
#include "qemu/sandbox/read_only_tree.hpp"
#include "qemu/sandbox/source.hpp"

namespace lemu::sandbox {
namespace {

// Paths of the new root are relative: the helper's working folder is the root while it is built, so that no
// path leads through the host's folders again and again.

/// mkdir -p of the folders above `path`; those that exist are left alone.
bool make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0755) < 0 && errno != EEXIST && errno != EROFS) return false;
  }
  return true;
}

/// `make` once more with the folders above `path`, where it failed for want of them.
template <class Make>
bool with_parents(const std::string& path, Make make) {
  if (make()) return true;
  return errno == ENOENT && make_parents(path) && make();
}

bool make_folder(const std::string& path, std::uint32_t mode) {
  const auto make = [&] { return ::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0; };
  if (with_parents(path, make)) return true;
  return errno == EEXIST && ::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0;
}

bool make_file(const std::string& path, const std::string& content, std::uint32_t mode) {
  int fd = -1;
  const auto make = [&] {
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, static_cast<mode_t>(mode));
    return fd >= 0;
  };
  if (!with_parents(path, make)) return false;
  // At a limit on the size of files the first write is short, and the next one says why.
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(fd, content.data() + written, content.size() - written);
    if (n < 0) break;
    written += static_cast<std::size_t>(n);
  }
  const int code = errno;
  ::close(fd);
  errno = code;
  return written == content.size();
}

bool make_symlink(const std::string& path, const std::string& text) {
  return with_parents(path, [&] { return ::symlink(text.c_str(), path.c_str()) == 0; });
}

/// A target that exists already (a folder of a bound root) is used as it is.
bool make_target_for(const Source& source, const std::string& target) {
  struct stat about {};
  if (::fstat(source.fd, &about) < 0) return false;
  struct stat existing {};
  if (::stat(target.c_str(), &existing) == 0) return true;
  return S_ISDIR(about.st_mode) ? make_folder(target, 0755) : make_file(target, "", 0644);
}

bool unmount_and_fail(const std::string& target) {
  const int code = errno;
  ::umount2(target.c_str(), MNT_DETACH);
  errno = code;
  return false;
}

bool bind(const Mount& mount, int detached, const std::string& target) {
  const Source source = open_source(mount, detached);
  if (source.fd < 0) return false;
  if (!make_target_for(source, target)) {
    close_source(source);
    return false;
  }
  if (!attach_source(source, target.c_str())) return false;
  if (mount.access == MountAccess::read_write || make_tree_read_only(target.c_str(), Programs::may_run))
    return true;
  return unmount_and_fail(target);  // one that is only wanted must not stay, writable
}

bool mount_tmpfs(const Mount& mount, const std::string& target) {
  if (!make_folder(target, 0755)) return false;
  char mode[16];
  std::snprintf(mode, sizeof mode, "mode=%o", mount.mode);
  std::string options = mode;
  if (mount.size != 0) options += ",size=" + std::to_string(mount.size);
  if (mount.inodes != 0) options += ",nr_inodes=" + std::to_string(mount.inodes);
  return ::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
}

/// The file stays as long as it is mounted, and has no name of its own.
bool cover(const Mount& mount, const std::string& target) {
  constexpr char kFile[] = ".cover";
  if (!make_file(kFile, mount.source, mount.mode)) return false;
  const bool covered = ::mount(kFile, target.c_str(), nullptr, MS_BIND, nullptr) == 0;
  const int code = errno;
  ::unlink(kFile);
  errno = code;
  if (!covered || make_tree_read_only(target.c_str(), Programs::may_not_run)) return covered;
  return unmount_and_fail(target);
}

/// A socket or named pipe can be used through a read-only mount too: only another file in its place helps.
/// What this process may not walk to (in a folder of an owner whom its user namespace does not map) is hidden
/// with the folder that keeps it out.
bool hide(std::string target) {
  struct stat about {};
  while (::lstat(target.c_str(), &about) < 0) {
    if (errno == ENOENT) return true;
    const std::size_t slash = target.rfind('/');
    if (errno != EACCES || slash == std::string::npos) return false;
    target.resize(slash);
  }
  if (!S_ISDIR(about.st_mode)) return S_ISLNK(about.st_mode) || cover({.mode = 0444}, target);
  return ::mount("tmpfs", target.c_str(), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 "mode=755,size=4k") == 0;
}

bool mount_proc(const std::string& target) {
  if (!make_folder(target, 0555)) return false;
  if (::mount("proc", target.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) < 0) return false;
  keep_proc(target.c_str());
  return true;
}

bool perform(const Mount& mount, int detached, const std::string& target) {
  switch (mount.kind) {
    case MountKind::bind: return bind(mount, detached, target);
    case MountKind::tmpfs: return mount_tmpfs(mount, target);
    case MountKind::proc: return mount_proc(target);
    case MountKind::folder: return make_folder(target, mount.mode);
    case MountKind::file: return make_file(target, mount.source, mount.mode);
    case MountKind::symlink: return make_symlink(target, mount.source);
    case MountKind::cover: return cover(mount, target);
    case MountKind::hidden: return hide(target);
  }
  errno = EINVAL;
  return false;
}

/// A container that masks parts of /proc may not mount a fresh one: the host's own takes its place, and the
/// loss is reported. A QEMU and most runtimes need some /proc.
bool bind_outer_proc(const std::string& target) {
  return make_folder(target, 0555) &&
         ::mount("/proc", target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

/// Whether the host withholds something, for good. Anything else (no memory, no room, no descriptors, a file
/// that has gone) is a failure of this one launch, and no reason to give the function less.
bool is_withheld_by_host(const Mount& mount, int os_error) {
  switch (os_error) {
    case EPERM:
    case EACCES:
    case ENOSYS:
    case EINVAL:
    case ENODEV: return true;
    case ENOENT:  // a container with few devices, a /proc with processes only
      return mount.source.starts_with("/dev/") || mount.kind == MountKind::cover;
    default: return false;
  }
}

}  // namespace

StepResult make_mounts_private() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0) return failed_at(Stage::private_mounts);
  return done();
}

StepResult build_root(const SandboxSpec& spec, const DetachedTrees& detached) {
  ::umask(0);
  // Some hundred files are made in it; then it is sealed.
  constexpr char kOptions[] = "mode=755,size=16m,nr_inodes=4096";
  if (::mount("tmpfs", spec.root_folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, kOptions) < 0)
    return failed_at(Stage::root);
  if (::chdir(spec.root_folder.c_str()) < 0) return failed_at(Stage::root);
  for (std::uint32_t i = 0; i < spec.mounts.size(); ++i) {
    const Mount& mount = spec.mounts[i];
    const std::string target = mount.target.substr(1);
    errno = 0;
    if (perform(mount, i < detached.size() ? detached[i] : -1, target)) continue;
    const StepResult failure = failed_at(Stage::mount, i);
    if (mount.need == Need::required || !is_withheld_by_host(mount, failure.os_error)) return failure;
    if (mount.kind == MountKind::proc && !bind_outer_proc(target)) return failed_at(Stage::mount, i);
    send_step(ReportKind::lost, failure);
  }
  return done();
}

StepResult enter_root() {
  // pivot_root(".", "."): the old root is stacked on the new and let go at once; see pivot_root(2).
  if (::syscall(SYS_pivot_root, ".", ".") < 0 || ::umount2(".", MNT_DETACH) < 0 || ::chdir("/") < 0)
    return failed_at(Stage::pivot_root);
  return done();
}

StepResult seal_root() {
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) < 0)
    return failed_at(Stage::seal);
  return done();
}

}  // namespace lemu::sandbox
