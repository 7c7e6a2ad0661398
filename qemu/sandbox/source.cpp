// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/source.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace lemu::sandbox {
namespace {

/// close(2) that keeps errno.
void close_quietly(int fd) {
  const int code = errno;
  ::close(fd);
  errno = code;
}

bool is_what_lemu_saw(int fd, const FileIdentity& identity) {
  if (identity.inode == 0) return true;
  struct stat about {};
  if (::fstat(fd, &about) < 0) return false;
  errno = ESTALE;
  return about.st_dev == identity.device && about.st_ino == identity.inode;
}

int open_file(const Mount& mount) {
  const int fd = ::open(mount.source.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0 || is_what_lemu_saw(fd, mount.identity)) return fd;
  close_quietly(fd);
  return -1;
}

int detach(int file) {
  return static_cast<int>(
      ::syscall(SYS_open_tree, file, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

/// The link of /proc leads to the opened file itself, whatever its path has become.
bool bind_by_link(int file, const char* target) {
  char link[48];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  return ::mount(link, target, nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

/// A tree that root has copied outside is still a peer of the host's own mount, so it is made a slave.
bool attach_tree(int tree, const char* target) {
  return ::syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0 &&
         ::mount(nullptr, target, nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
}

}  // namespace

DetachedTrees detach_sources(const SandboxSpec& spec) {
  DetachedTrees trees(spec.mounts.size(), -1);
  for (std::size_t i = 0; i < trees.size(); ++i) {
    if (spec.mounts[i].kind != MountKind::bind) continue;
    const int file = open_file(spec.mounts[i]);
    if (file < 0) continue;
    trees[i] = detach(file);
    ::close(file);
  }
  return trees;
}

void close_all(const DetachedTrees& trees) {
  for (const int tree : trees)
    if (tree >= 0) ::close(tree);
}

Source open_source(const Mount& mount, int detached) {
  if (detached >= 0) return {detached, Source::Kind::tree};
  const int file = open_file(mount);
  if (file < 0) return {};
  const int tree = detach(file);
  if (tree < 0) return {file, Source::Kind::file};
  ::close(file);
  return {tree, Source::Kind::tree};
}

bool attach_source(const Source& source, const char* target) {
  const bool done =
      source.kind == Source::Kind::tree ? attach_tree(source.fd, target) : bind_by_link(source.fd, target);
  close_quietly(source.fd);
  return done;
}

void close_source(const Source& source) { close_quietly(source.fd); }

}  // namespace lemu::sandbox
