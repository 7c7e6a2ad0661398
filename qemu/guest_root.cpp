// SPDX-License-Identifier: Apache-2.0
#include "qemu/guest_root.hpp"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>

namespace lemu::qemu {
namespace {

constexpr int kMostLinks = 40;  // as the kernel (path_resolution(7))

void push_components(std::deque<std::string>& to, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  to.insert(to.begin(), parts.begin(), parts.end());
}

std::optional<std::string> link_target(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size < 0) return std::nullopt;
  return std::string(target, static_cast<std::size_t>(size));
}

bool is_under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::string GuestRoot::host_path(const std::string& guest_path) const {
  const Mounted* best = nullptr;
  for (const Mounted& mount : mounts_) {
    const bool covers = mount.guest == "/" || is_under(guest_path, mount.guest);
    if (covers && (best == nullptr || mount.guest.size() >= best->guest.size())) best = &mount;
  }
  if (best == nullptr) return {};
  const std::size_t skip = best->guest == "/" ? 0 : best->guest.size();
  return best->host + guest_path.substr(skip);
}

std::optional<std::string> GuestRoot::link_at(const std::string& guest_path) const {
  const auto made = links_.find(guest_path);
  if (made != links_.end()) return made->second;
  return link_target(host_path(guest_path));
}

std::optional<std::string> GuestRoot::find(std::string_view guest_path) const {
  std::deque<std::string> todo;
  push_components(todo, guest_path);
  std::string done;  // resolved so far, without a slash at its end
  for (int links = 0; !todo.empty();) {
    const std::string part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") {
      done.erase(done.empty() ? 0 : done.rfind('/'));
      continue;
    }
    const std::string next = done + "/" + part;
    const std::optional<std::string> target = link_at(next);
    if (!target) {
      done = next;
      continue;
    }
    if (++links > kMostLinks) return std::nullopt;
    if (target->starts_with('/')) done.clear();
    push_components(todo, *target);
  }
  std::string host = host_path(done.empty() ? "/" : done);
  struct stat status {};
  if (host.empty() || ::lstat(host.c_str(), &status) < 0) return std::nullopt;
  return host;
}

std::vector<std::string> missing_usr_links(const std::string& root) {
  std::vector<std::string> missing;
  for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    struct stat about {};
    const bool there = ::lstat((root + "/" + name).c_str(), &about) == 0;
    if (!there && is_folder(root + "/usr/" + name)) missing.emplace_back(name);
  }
  return missing;
}

std::vector<Mounted> cross_libraries(Arch arch, const std::string& host_root) {
  const std::string base = host_root + "/usr/" + std::string(names_of(arch).gnu_triplet);
  std::vector<Mounted> mounts;
  for (const char* folder : {"/lib", "/lib64"})
    if (is_folder(base + folder)) mounts.push_back({base + folder, folder});
  return mounts;
}

}  // namespace lemu::qemu
