// SPDX-License-Identifier: Apache-2.0
#include "qemu/doctor/host.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/syscall.hpp"
#include "qemu/mount_table.hpp"

namespace lemu::qemu {
namespace {

constexpr std::size_t kMostText = 1 << 20;
// capabilities(7)
constexpr unsigned kCapSysAdmin = 21;

/// "KEY=value" of os-release(5), or "Key:<tab>value" of /proc/PID/status: the value after `key`.
std::string value_after(const std::string& text, const std::string& key) {
  std::size_t at = text.starts_with(key) ? 0 : text.find("\n" + key);
  if (at == std::string::npos) return {};
  if (at != 0 || !text.starts_with(key)) ++at;
  std::string value = text.substr(at + key.size(), text.find('\n', at) - at - key.size());
  const std::size_t first = value.find_first_not_of(" \t\"'");
  const std::size_t last = value.find_last_not_of(" \t\"'");
  return first == std::string::npos ? std::string() : value.substr(first, last - first + 1);
}

class Reader {
 public:
  explicit Reader(const HostSources& sources)
      : sources_(sources), mounts_(parse_mountinfo(text("/proc/self/mountinfo"))) {}

  Host read() {
    read_system();
    read_process();
    read_user_namespaces();
    host_.chroot = chroot();
    for (const MountPoint& mount : mounts_)
      if (covers_proc(mount)) host_.covered_proc.push_back(mount.place);
    read_container();
    read_wsl();
    read_ci();
    return std::move(host_);
  }

 private:
  [[nodiscard]] std::string text(const std::string& path) const {
    Result<std::string> content = read_file(sources_.root + path, kMostText);
    return content ? *std::move(content) : std::string();
  }
  [[nodiscard]] std::string line(const std::string& path) const {
    const std::string content = text(path);
    return content.substr(0, content.find('\n'));
  }
  [[nodiscard]] std::optional<std::int64_t> number(const std::string& path) const {
    const std::string content = line(path);
    std::int64_t value = 0;
    const std::from_chars_result read =
        std::from_chars(content.data(), content.data() + content.size(), value);
    if (content.empty() || read.ec != std::errc()) return std::nullopt;
    return value;
  }
  [[nodiscard]] bool exists(const std::string& path) const {
    struct stat about {};
    return ::stat((sources_.root + path).c_str(), &about) == 0;
  }
  [[nodiscard]] bool has_variable(const char* name) const {
    const char* value = sources_.variable ? sources_.variable(name) : nullptr;
    return value != nullptr && *value != '\0';
  }
  [[nodiscard]] bool mounted_at(const std::string& place) const {
    return std::any_of(mounts_.begin(), mounts_.end(),
                       [&](const MountPoint& one) { return one.place == place; });
  }

  void read_system() {
    host_.kernel = line("/proc/sys/kernel/osrelease");
    std::sscanf(host_.kernel.c_str(), "%d.%d", &host_.kernel_major, &host_.kernel_minor);
    std::string about = text("/etc/os-release");
    if (about.empty()) about = text("/usr/lib/os-release");
    host_.distribution = value_after(about, "PRETTY_NAME=");
    host_.distribution_id = value_after(about, "ID=");
    host_.distribution_version = value_after(about, "VERSION_ID=");
  }

  void read_process() {
    host_.uid = sources_.uid;
    const std::string status = text("/proc/self/status");
    const std::string capabilities = value_after(status, "CapEff:");
    if (!capabilities.empty()) {
      const std::uint64_t bits = std::strtoull(capabilities.c_str(), nullptr, 16);
      host_.sys_admin = ((bits >> kCapSysAdmin) & 1) != 0 ? Answer::yes : Answer::no;
    }
    const std::string seccomp = value_after(status, "Seccomp:");
    if (seccomp == "1") host_.seccomp = Seccomp::strict;
    if (seccomp == "2") host_.seccomp = Seccomp::filter;
    const std::string closed = value_after(status, "NoNewPrivs:");
    if (!closed.empty()) host_.no_new_privileges = closed == "1" ? Answer::yes : Answer::no;
    host_.mapped_ids = count_mapped_ids();
  }

  /// Lines of "inside outside count"; see user_namespaces(7).
  [[nodiscard]] std::uint64_t count_mapped_ids() const {
    const std::string map = text("/proc/self/uid_map");
    std::uint64_t total = 0;
    const char* at = map.c_str();
    unsigned long long inside = 0;
    unsigned long long outside = 0;
    unsigned long long count = 0;
    int used = 0;
    while (std::sscanf(at, "%llu %llu %llu%n", &inside, &outside, &count, &used) == 3) {
      total += count;
      at += used;
    }
    return total;
  }

  void read_user_namespaces() {
    host_.max_user_namespaces = number("/proc/sys/user/max_user_namespaces");
    host_.unprivileged_clone = number("/proc/sys/kernel/unprivileged_userns_clone");
    host_.apparmor_restriction = number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    // attr/current is shared by all security modules; attr/apparmor is AppArmor's own, since Linux 5.8.
    host_.apparmor_profile = line("/proc/self/attr/apparmor/current");
    if (host_.apparmor_profile.empty() && line("/sys/module/apparmor/parameters/enabled") == "Y")
      host_.apparmor_profile = line("/proc/self/attr/current");
  }

  /// A root that is no mount point can only have been reached by chroot(2). One that is may have been entered
  /// by pivot_root(2) too: then PID 1 of the same mount namespace tells, to those who may look.
  [[nodiscard]] Answer chroot() const {
    if (mounts_.empty()) return Answer::unknown;
    if (!mounted_at("/")) return Answer::yes;
    std::error_code code;
    const std::string proc = sources_.root + "/proc/";
    const std::filesystem::path ours = std::filesystem::read_symlink(proc + "self/ns/mnt", code);
    const std::filesystem::path theirs = std::filesystem::read_symlink(proc + "1/ns/mnt", code);
    if (ours.empty() || theirs.empty()) return Answer::unknown;
    if (ours != theirs) return Answer::no;
    struct stat root {};
    struct stat root_of_first {};
    if (::stat((sources_.root + "/").c_str(), &root) < 0 ||
        ::stat((proc + "1/root").c_str(), &root_of_first) < 0)
      return Answer::unknown;
    return root.st_dev == root_of_first.st_dev && root.st_ino == root_of_first.st_ino ? Answer::no
                                                                                      : Answer::yes;
  }

  /// Whether it hides something of /proc, which makes the kernel refuse a new proc mount (mount_too_revealing
  /// in fs/namespace.c). Folders that exist to be mounted on are always empty and hide nothing.
  [[nodiscard]] static bool covers_proc(const MountPoint& mount) {
    constexpr std::array kMadeForIt = {"/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd", "/proc/openprom"};
    return mount.place.starts_with("/proc/") &&
           std::find(kMadeForIt.begin(), kMadeForIt.end(), mount.place) == kMadeForIt.end();
  }

  void contained(Container container, std::string evidence) {
    if (host_.container != Container::none) return;
    host_.container = container;
    host_.container_evidence = std::move(evidence);
  }

  void read_container() {
    if (has_variable("KUBERNETES_SERVICE_HOST")) contained(Container::kubernetes, "$KUBERNETES_SERVICE_HOST");
    if (exists("/run/.containerenv")) contained(Container::podman, "/run/.containerenv");
    // Docker always binds these files of its own. The mark alone also stands in machines made from an image.
    if (exists("/.dockerenv")) {
      if (mounted_at("/etc/hostname") || mounted_at("/etc/hosts") || mounted_at("/etc/resolv.conf"))
        contained(Container::docker, "/.dockerenv, and /etc/hosts is mounted");
      else
        host_.from_image = Answer::yes;
    }
    // systemd's container interface: the manager names itself here, readable by everybody.
    for (const char* path : {"/run/systemd/container", "/run/host/container-manager"})
      named_container(line(path), path);
    const std::string environment = text("/proc/1/environ");
    const std::string key("\0container=", 11);
    const std::size_t at = environment.starts_with("container=") ? 0 : environment.find(key);
    if (at != std::string::npos) {
      const std::size_t value = environment.find('=', at) + 1;
      named_container(environment.substr(value, environment.find('\0', value) - value),
                      "container= of PID 1");
    }
  }

  void named_container(const std::string& name, const char* evidence) {
    if (name.empty() || name == "wsl") return;
    Container container = Container::other;
    if (name == "docker") container = Container::docker;
    if (name == "podman") container = Container::podman;
    if (name.starts_with("lxc")) container = Container::lxc;
    if (name == "systemd-nspawn") container = Container::nspawn;
    contained(container, std::string(evidence) + ": " + name);
  }

  /// WSL 1 calls its kernel "4.4.0-19041-Microsoft", WSL 2 "5.15.153.1-microsoft-standard-WSL2".
  void read_wsl() {
    if (host_.kernel.find("microsoft") != std::string::npos || host_.kernel.find("WSL2") != std::string::npos)
      host_.wsl = Wsl::two;
    else if (host_.kernel.find("Microsoft") != std::string::npos)
      host_.wsl = Wsl::one;
  }

  void read_ci() {
    struct Known {
      const char* variable;
      const char* name;
    };
    constexpr std::array<Known, 4> kKnown{{{"GITHUB_ACTIONS", "GitHub Actions"},
                                           {"GITLAB_CI", "GitLab CI"},
                                           {"CODEBUILD_BUILD_ID", "AWS CodeBuild"},
                                           {"CIRCLECI", "CircleCI"}}};
    for (const Known& one : kKnown)
      if (host_.ci.empty() && has_variable(one.variable)) host_.ci = one.name;
  }

  const HostSources& sources_;
  std::vector<MountPoint> mounts_;
  Host host_;
};

}  // namespace

Host read_host(const HostSources& sources) { return Reader(sources).read(); }

std::string_view name_of(Container container) {
  switch (container) {
    case Container::none: return "";
    case Container::docker: return "Docker";
    case Container::podman: return "Podman";
    case Container::kubernetes: return "Kubernetes";
    case Container::lxc: return "LXC";
    case Container::nspawn: return "systemd-nspawn";
    case Container::other: return "other";
  }
  return "";
}

std::vector<std::string> recognised(const Host& host) {
  std::vector<std::string> phrases;
  if (!host.ci.empty()) phrases.push_back(host.ci == "GitHub Actions" ? "a GitHub Actions runner" : host.ci);
  if (host.wsl == Wsl::one) phrases.emplace_back("WSL 1");
  if (host.wsl == Wsl::two) phrases.emplace_back("WSL 2");
  if (host.container == Container::kubernetes)
    phrases.emplace_back("a Kubernetes pod");
  else if (host.container == Container::other)
    phrases.push_back("a container (" + host.container_evidence + ")");
  else if (host.container != Container::none)
    phrases.push_back("a " + std::string(name_of(host.container)) + " container");
  if (host.from_image == Answer::yes && host.container == Container::none)
    phrases.emplace_back("a machine made from a container image");
  if (host.chroot == Answer::yes) phrases.emplace_back("a chroot");
  return phrases;
}

}  // namespace lemu::qemu
