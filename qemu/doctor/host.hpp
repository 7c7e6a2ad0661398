// SPDX-License-Identifier: Apache-2.0
// Host: what this machine says about itself that bears on running functions: kernel, distribution, container,
// and every switch that restricts user namespaces. Facts only; what they mean for a function is tried
// (trial.hpp) and concluded (restrictions.hpp). A plain value; reading it looks at files. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"

namespace lemu::qemu {

enum class Container { none, docker, podman, kubernetes, lxc, nspawn, other };
enum class Wsl { none, one, two };
/// What a file that may be unreadable tells.
enum class Answer { no, yes, unknown };
/// Seccomp's modes as /proc/PID/status counts them.
enum class Seccomp { off, strict, filter };

struct Host {
  Arch arch = host_arch();
  std::string kernel;  ///< "6.8.0-45-generic"
  int kernel_major = 0;
  int kernel_minor = 0;
  std::string distribution;          ///< "Ubuntu 24.04.1 LTS"; empty when unknown
  std::string distribution_id;       ///< os-release(5) ID: "ubuntu"
  std::string distribution_version;  ///< os-release(5) VERSION_ID: "24.04"

  std::uint32_t uid = 0;
  Answer sys_admin =
      Answer::unknown;  ///< CAP_SYS_ADMIN is in force: most restrictions are for those without it
  Seccomp seccomp = Seccomp::off;
  Answer no_new_privileges = Answer::unknown;
  std::uint64_t mapped_ids = 0;  ///< user ids that exist in this user namespace; 0: unknown

  std::optional<std::int64_t> max_user_namespaces;  ///< /proc/sys/user/max_user_namespaces
  std::optional<std::int64_t> unprivileged_clone;   ///< /proc/sys/kernel/unprivileged_userns_clone (Debian's)
  std::optional<std::int64_t>
      apparmor_restriction;      ///< …/kernel/apparmor_restrict_unprivileged_userns (Ubuntu's)
  std::string apparmor_profile;  ///< "unconfined", "docker-default (enforce)"; empty: no AppArmor
  Answer chroot = Answer::unknown;
  std::vector<std::string> covered_proc;  ///< places below /proc that something is mounted on

  Container container = Container::none;
  std::string container_evidence;
  Answer from_image = Answer::no;  ///< /.dockerenv exists, though this is no container
  Wsl wsl = Wsl::none;
  std::string ci;  ///< "GitHub Actions"; empty outside of known CI

  [[nodiscard]] bool kernel_is(int major, int minor) const {
    return kernel_major > major || (kernel_major == major && kernel_minor >= minor);
  }
};

struct HostSources {
  std::string root;                                       ///< put before every path: "" for this machine
  std::function<const char*(const char* name)> variable;  ///< getenv(3)
  uid_t uid = 0;
};

[[nodiscard]] Host read_host(const HostSources& sources);
/// "Docker", "Podman", …; empty for Container::none.
[[nodiscard]] std::string_view name_of(Container container);
/// The kinds of machine that are recognised, as phrases for people: "a Docker container", "WSL 2".
[[nodiscard]] std::vector<std::string> recognised(const Host& host);

}  // namespace lemu::qemu
