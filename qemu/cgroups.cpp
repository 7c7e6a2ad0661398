// SPDX-License-Identifier: Apache-2.0
#include "qemu/cgroups.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/syscall.hpp"
#include "qemu/mount_table.hpp"

namespace lemu::qemu {
namespace {

constexpr std::size_t kMostText = 1 << 20;

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(separators);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

std::string text_of(const std::string& path) {
  Result<std::string> text = read_file(path, kMostText);
  return text ? *std::move(text) : std::string();
}

/// A line of /proc/PID/cgroup: "4:memory:/user", "0::/user".
struct Membership {
  std::vector<std::string> controllers;  ///< of v1; empty for v2
  std::string path;
};

std::vector<Membership> parse_memberships(const std::string& text) {
  std::vector<Membership> memberships;
  for (const std::string& line : split(text, "\n")) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    memberships.push_back({split(line.substr(first + 1, second - first - 1), ","), line.substr(second + 1)});
  }
  return memberships;
}

/// The group's path below where its hierarchy is mounted (the mount may show a part only).
std::string folder_of(const MountPoint& mount, const std::string& path) {
  if (mount.root == "/") return path == "/" ? mount.place : mount.place + path;
  if (path == mount.root) return mount.place;
  if (path.starts_with(mount.root + "/")) return mount.place + path.substr(mount.root.size());
  return mount.place;
}

bool belongs(const Membership& membership, const MountPoint& mount) {
  if (mount.type == "cgroup2") return membership.controllers.empty();
  const std::vector<std::string> options = split(mount.super_options, ",");
  return mount.type == "cgroup" && !membership.controllers.empty() &&
         std::all_of(membership.controllers.begin(), membership.controllers.end(),
                     [&](const std::string& name) {
                       return std::find(options.begin(), options.end(), name) != options.end();
                     });
}

CgroupHierarchy hierarchy_of(const std::string& root, const Membership& membership, const MountPoint& mount) {
  CgroupHierarchy hierarchy;
  hierarchy.version = mount.type == "cgroup2" ? 2 : 1;
  hierarchy.folder = folder_of(mount, membership.path);
  const std::string folder = root + hierarchy.folder;
  hierarchy.controllers =
      hierarchy.version == 2 ? split(text_of(folder + "/cgroup.controllers"), " \n") : membership.controllers;
  // To delegate is to give the folder and cgroup.procs to the user: "cgroup v2 delegation" in cgroups(7).
  if (::access(folder.c_str(), W_OK) == 0 && ::access((folder + "/cgroup.procs").c_str(), W_OK) == 0)
    hierarchy.access = CgroupAccess::writable;
  return hierarchy;
}

}  // namespace

std::string Cgroups::layout() const {
  const auto has = [this](int version) {
    return std::any_of(hierarchies.begin(), hierarchies.end(),
                       [version](const CgroupHierarchy& one) { return one.version == version; });
  };
  if (has(1)) return has(2) ? "v1 and v2" : "v1";
  return has(2) ? "v2" : "none";
}

const CgroupHierarchy* Cgroups::with(const std::string& controller) const {
  for (const CgroupHierarchy& one : hierarchies)
    if (std::find(one.controllers.begin(), one.controllers.end(), controller) != one.controllers.end())
      return &one;
  return nullptr;
}

Cgroups read_cgroups(const std::string& root) {
  Cgroups cgroups;
  const std::vector<MountPoint> mounts = parse_mountinfo(text_of(root + "/proc/self/mountinfo"));
  for (const Membership& membership : parse_memberships(text_of(root + "/proc/self/cgroup"))) {
    const auto mount = std::find_if(mounts.begin(), mounts.end(),
                                    [&](const MountPoint& one) { return belongs(membership, one); });
    if (mount != mounts.end()) cgroups.hierarchies.push_back(hierarchy_of(root, membership, *mount));
  }
  return cgroups;
}

}  // namespace lemu::qemu
