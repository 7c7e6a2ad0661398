// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/read_only_tree.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace lemu::sandbox {
namespace {

/// The flags of an existing mount that a remount inside a user namespace must repeat (they are locked).
unsigned long locked_flags(const char* target) {
  struct statvfs about {};
  if (::statvfs(target, &about) < 0) return 0;
  unsigned long flags = 0;
  if (about.f_flag & ST_NOSUID) flags |= MS_NOSUID;
  if (about.f_flag & ST_NODEV) flags |= MS_NODEV;
  if (about.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
  if (about.f_flag & ST_NOATIME) flags |= MS_NOATIME;
  if (about.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  return flags;
}

bool remount(const char* target, Programs programs) {
  const unsigned long no_programs = programs == Programs::may_not_run ? MS_NOEXEC : 0;
  return ::mount(nullptr, target, nullptr,
                 MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | no_programs | locked_flags(target),
                 nullptr) == 0;
}

/// A path as proc(5) writes it: blanks and backslashes are octal.
std::string unescaped(const char* text) {
  std::string path;
  for (; *text != '\0'; ++text) {
    if (*text != '\\') {
      path += *text;
      continue;
    }
    const char digits[4] = {text[1], text[2], text[3], '\0'};
    path += static_cast<char>(std::strtol(digits, nullptr, 8));
    text += 3;
  }
  return path;
}

/// The mount points of this namespace below a folder; false where /proc does not tell.
bool mounts_below(const std::string& folder, std::vector<std::string>* found) {
  std::FILE* file = std::fopen("/proc/self/mountinfo", "re");
  if (file == nullptr) return false;
  char* line = nullptr;
  std::size_t capacity = 0;
  while (::getline(&line, &capacity, file) > 0) {
    char* place = nullptr;
    // "ID PARENT DEVICE ROOT PLACE OPTIONS …"
    if (std::sscanf(line, "%*s %*s %*s %*s %ms", &place) != 1) continue;
    std::string path = unescaped(place);
    std::free(place);
    if (path.starts_with(folder + "/")) found->push_back(std::move(path));
  }
  std::free(line);
  std::fclose(file);
  return true;
}

bool remount_each(const char* target, Programs programs) {
  std::vector<std::string> below;
  char* whole = ::realpath(target, nullptr);
  if (whole == nullptr) return false;
  const bool told = mounts_below(whole, &below);
  std::free(whole);
  if (!told || !remount(target, programs)) return false;
  // One that another mount covers cannot be reached by its path: by the function neither.
  for (const std::string& place : below)
    if (!remount(place.c_str(), programs) && errno != ENOENT && errno != ENOTDIR && errno != EINVAL)
      return false;
  return true;
}

}  // namespace

bool make_tree_read_only(const char* target, Programs programs) {
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (programs == Programs::may_not_run) attributes.attr_set |= MOUNT_ATTR_NOEXEC;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attributes, sizeof attributes) == 0)
    return true;
  return remount_each(target, programs);
}

}  // namespace lemu::sandbox
