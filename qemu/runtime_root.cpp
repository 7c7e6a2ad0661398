// SPDX-License-Identifier: Apache-2.0
#include "qemu/runtime_root.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace lemu::qemu {
namespace {

using sandbox::Mount;
using sandbox::MountAccess;
using sandbox::MountKind;
using sandbox::Need;

// Of Nix the store alone: beside it listens the daemon that builds for the user.
constexpr std::string_view kSystemFolders[] = {"usr",   "bin",   "sbin",   "lib",
                                               "lib32", "lib64", "libx32", "nix/store"};
constexpr std::string_view kDevices[] = {"null", "zero", "full", "random", "urandom"};

Mount bind_tree(std::string source, std::string target, Need need = Need::required) {
  return {.kind = MountKind::bind, .source = std::move(source), .target = std::move(target), .need = need};
}
Mount link(std::string text, std::string target) {
  return {.kind = MountKind::symlink, .source = std::move(text), .target = std::move(target)};
}
Mount folder(std::string target, std::uint32_t mode = 0755) {
  return {.kind = MountKind::folder, .target = std::move(target), .mode = mode};
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0;
}

/// A top-level entry of a root, as it is there: a link as a link, a folder bound.
void append_entry(std::vector<Mount>& mounts, const std::string& root, const std::string& name) {
  const std::string source = root + "/" + name;
  struct stat about {};
  if (::lstat(source.c_str(), &about) < 0) return;
  if (S_ISLNK(about.st_mode)) {
    std::error_code ignored;
    mounts.push_back(link(std::filesystem::read_symlink(source, ignored).string(), "/" + name));
  } else if (S_ISDIR(about.st_mode)) {
    mounts.push_back(bind_tree(source, "/" + name));
  }
}

/// Sockets and named pipes can be used through a read-only mount.
void hide_channels(std::vector<Mount>& mounts, const std::string& root, const std::string& folder) {
  std::error_code failed;
  for (const std::filesystem::directory_entry& entry :
       std::filesystem::directory_iterator(root + folder, failed)) {
    std::error_code unknown;
    if (!entry.is_symlink(unknown) && (entry.is_socket(unknown) || entry.is_fifo(unknown)))
      mounts.push_back(
          {.kind = MountKind::hidden, .target = folder + "/" + entry.path().filename().string()});
  }
}

void append_root(std::vector<Mount>& mounts, const std::string& root) {
  for (const std::string_view name : kSystemFolders) append_entry(mounts, root, std::string(name));
  for (const std::string& name : missing_usr_links(root)) mounts.push_back(link("usr/" + name, "/" + name));
  for (const char* folder : {"/usr", "/usr/local"}) hide_channels(mounts, root, folder);
  // Where services that an administrator built keep their sockets.
  for (const char* folder : {"/usr/local/var/run", "/usr/local/run"})
    if (exists(root + folder)) mounts.push_back({.kind = MountKind::hidden, .target = folder});
}

// Facts about time zones are the same on every architecture.
void append_zoneinfo(std::vector<Mount>& mounts) {
  if (exists("/usr/share/zoneinfo"))
    mounts.push_back(bind_tree("/usr/share/zoneinfo", "/usr/share/zoneinfo", Need::wanted));
}

}  // namespace

std::span<const std::string_view> system_folders() { return kSystemFolders; }
std::span<const std::string_view> device_names() { return kDevices; }

std::vector<Mount> system_mounts(const RuntimeRoot& root) {
  std::vector<Mount> mounts;
  switch (root.source) {
    case SystemSource::host: append_root(mounts, ""); break;
    case SystemSource::sysroot: append_root(mounts, root.path); break;
    case SystemSource::cross_libraries:
      mounts.push_back(bind_tree(root.path, "/lib"));
      for (const char* name : {"/lib64", "/usr/lib", "/usr/lib64"}) mounts.push_back(link("/lib", name));
      append_zoneinfo(mounts);
      break;
    case SystemSource::none: append_zoneinfo(mounts); break;
  }
  return mounts;
}

void show(GuestRoot& tree, const std::vector<Mount>& mounts) {
  for (const Mount& mount : mounts) {
    if (mount.kind == MountKind::bind) tree.add({mount.source, mount.target});
    if (mount.kind == MountKind::symlink) tree.add_link(mount.target, mount.source);
  }
}

std::vector<Mount> device_mounts() {
  std::vector<Mount> mounts;
  mounts.push_back({.kind = MountKind::proc, .target = "/proc", .need = Need::wanted});
  mounts.push_back(folder("/dev"));
  for (const std::string_view name : kDevices) {
    const std::string node = "/dev/" + std::string(name);
    mounts.push_back({.kind = MountKind::bind,
                      .source = node,
                      .target = node,
                      .access = MountAccess::read_write,
                      .need = Need::wanted});
  }
  mounts.push_back(link("/proc/self/fd", "/dev/fd"));
  mounts.push_back(link("/proc/self/fd/0", "/dev/stdin"));
  mounts.push_back(link("/proc/self/fd/1", "/dev/stdout"));
  mounts.push_back(link("/proc/self/fd/2", "/dev/stderr"));
  return mounts;
}

}  // namespace lemu::qemu
