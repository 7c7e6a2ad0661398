// SPDX-License-Identifier: Apache-2.0
#include "qemu/doctor/restrictions.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/printable.hpp"
#include "qemu/guarantees.hpp"

namespace lemu::qemu {
namespace {

using sandbox::Stage;

// What distributions allow by default is some thousands; any such number will do.
constexpr char kNamespaces[] = "user.max_user_namespaces=15000";
constexpr char kFullSandbox[] = "the full sandbox";

std::string as_root(const Host& host, std::string command) {
  return host.uid == 0 ? command : "sudo " + command;
}

bool denied(int os_error) { return os_error == EPERM || os_error == EACCES; }

bool confined(const Host& host) {
  return !host.apparmor_profile.empty() && !host.apparmor_profile.starts_with("unconfined");
}

/// Restrictions of the unprivileged do not concern who has CAP_SYS_ADMIN.
bool unprivileged(const Host& host) { return host.sys_admin != Answer::yes; }

// ---- containers

std::string options_of(const Host& host, const char* option, const char* unmask) {
  std::string options;
  if (host.seccomp == Seccomp::filter) options.append(option).append("seccomp=unconfined");
  if (confined(host)) options.append(option).append("apparmor=unconfined");
  if (!host.covered_proc.empty()) options.append(option).append(unmask);
  return options;
}

std::string kubernetes_context(const Host& host) {
  std::string fields;
  if (host.seccomp == Seccomp::filter) fields += ", seccompProfile: {type: Unconfined}";
  if (confined(host)) fields += ", appArmorProfile: {type: Unconfined}";
  if (!host.covered_proc.empty()) fields += ", procMount: Unmasked";
  return "securityContext: {" + (fields.empty() ? fields : fields.substr(2)) + "}";
}

/// One command against everything the container's manager withholds.
Improvement open_container(const Host& host) {
  switch (host.container) {
    case Container::docker:
      if (host.ci == "GitHub Actions")
        return {std::string(kFullSandbox) + ": in the workflow, below `container:`",
                "options:" + options_of(host, " --security-opt ", "systempaths=unconfined")};
      return {std::string(kFullSandbox) + ": start the container with",
              "docker run" + options_of(host, " --security-opt ", "systempaths=unconfined") + " …"};
    case Container::podman:
      return {std::string(kFullSandbox) + ": start the container with",
              "podman run" + options_of(host, " --security-opt ", "unmask=ALL") + " …"};
    case Container::kubernetes:
      return {std::string(kFullSandbox) + ": in the pod (spec.hostUsers: false), for its container",
              kubernetes_context(host)};
    case Container::lxc:
      return {std::string(kFullSandbox) + ": on the machine that runs the container",
              "lxc config set NAME security.nesting true"};
    case Container::nspawn:
    case Container::other:
    case Container::none: break;
  }
  return {std::string(kFullSandbox) +
              ": let what started this process allow clone(2) with CLONE_NEWUSER, and mount(2)",
          ""};
}

Improvement uncover_proc(const Host& host) {
  std::string command;
  for (const std::string& place : host.covered_proc) command += " " + shell_word(place);
  return {std::string(name_of(Guarantee::own_proc)),
          command.empty() ? "" : as_root(host, "umount" + command)};
}

// ---- user namespaces

Restriction by_count(const Host& host) {
  const std::int64_t limit = host.max_user_namespaces.value_or(0);
  if (limit <= 2)
    return {"max-user-namespaces",
            "user.max_user_namespaces = " + std::to_string(limit),
            {{kFullSandbox, as_root(host, std::string("sysctl -w ") + kNamespaces)}}};
  return {"max-user-namespaces",
          "the number of user namespaces is used up here or in a namespace around this one "
          "(user.max_user_namespaces = " +
              std::to_string(limit) + ")",
          {{std::string(kFullSandbox) + ": on the machine itself, outside of containers",
            std::string("sudo sysctl -w ") + kNamespaces}}};
}

/// A profile that gives the helper alone what AppArmor withholds from programs it does not know. As Ubuntu's
/// own for bwrap and others: flags=(unconfined), userns.
std::string apparmor_profile_command(const Host& host, const std::string& helper) {
  const std::string sudo = host.uid == 0 ? "" : "sudo ";
  return "printf '%s\\n' 'abi <abi/4.0>,' " +
         shell_word("profile lemu-sandbox \"" + helper + "\" flags=(unconfined) { userns, }") + " | " + sudo +
         "tee /etc/apparmor.d/lemu-sandbox && " + sudo + "apparmor_parser -r /etc/apparmor.d/lemu-sandbox";
}

Restriction by_apparmor_switch(const Host& host, const std::string& helper) {
  Restriction restriction{
      "apparmor-userns", "AppArmor (kernel.apparmor_restrict_unprivileged_userns = 1", {}};
  restriction.text += host.distribution_id == "ubuntu" ? ", as Ubuntu sets it since 24.04)" : ")";
  const std::string sysctl = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  if (host.container != Container::none) {
    restriction.improvements.push_back(
        {std::string(kFullSandbox) + ": on the machine that runs the container", sysctl});
    return restriction;
  }
  if (host.ci == "GitHub Actions") {
    restriction.improvements.push_back(
        {std::string(kFullSandbox) + ": in the workflow, a step before lemu", "- run: " + sysctl});
    return restriction;
  }
  restriction.improvements.push_back(
      {std::string(kFullSandbox) + ", allowed to lemu's helper alone and for good",
       apparmor_profile_command(host, helper)});
  restriction.improvements.push_back(
      {std::string(kFullSandbox) + ", allowed to every program until the next start",
       host.uid == 0 ? sysctl.substr(5) : sysctl});
  return restriction;
}

Restriction by_chroot() {
  return {"chroot",
          "a chroot: Linux makes no user namespaces inside one",
          {{std::string(kFullSandbox) + ": enter this root with pivot_root(2) instead, for example by",
            "bwrap --dev-bind ROOT / --proc /proc --dev /dev lemu …"}}};
}

Restriction by_seccomp(const Host& host) {
  std::string text = "a seccomp filter";
  if (host.container != Container::none && host.container != Container::other)
    text = std::string(name_of(host.container)) + "'s seccomp filter";
  return {"seccomp", text + " (it denies clone with CLONE_NEWUSER, or mount)", {open_container(host)}};
}

Restriction by_missing_ids(const Host& host) {
  return {"id-map",
          "a user namespace around this process that has no user id 65534 for root to give to a function (it "
          "has " +
              std::to_string(host.mapped_ids) + ")",
          {{std::string(kFullSandbox) + ": run lemu as an ordinary user",
            "setpriv --reuid=1000 --regid=1000 --clear-groups lemu …"}}};
}

Restriction by_kernel(const Host& host) {
  if (host.wsl == Wsl::one)
    return {"wsl1", "WSL 1, which is no Linux kernel", {{kFullSandbox, "wsl --set-version DISTRIBUTION 2"}}};
  return {"kernel-config",
          "a kernel without user namespaces (CONFIG_USER_NS)",
          {{std::string(kFullSandbox) + ": run a kernel built with CONFIG_USER_NS", ""}}};
}

Restriction unexplained(const Host& host, const Trial& refused) {
  std::string text = "something that leaves no trace here: ";
  text += host.chroot == Answer::unknown ? "a chroot, or a security module such as SELinux"
                                         : "a security module such as SELinux, or what started this process";
  return {"unknown",
          text + " (step '" + refused.step + "': " + ::strerror(refused.os_error) + ")",
          {{std::string(kFullSandbox) + ": the kernel's log may name what refused",
            as_root(host, "dmesg | tail")}}};
}

// ---- QEMU and binfmt_misc

bool is_one_of(const std::string& word, std::initializer_list<const char*> list) {
  return std::any_of(list.begin(), list.end(), [&](const char* one) { return word == one; });
}

/// The leading number of VERSION_ID; 0 where there is none (Debian's testing).
int major_version(const Host& host) { return std::atoi(host.distribution_version.c_str()); }

std::string qemu_command_for(const Host& host, Arch guest) {
  const std::string& id = host.distribution_id;
  if (id == "debian") {
    const int version = major_version(host);
    return as_root(host,
                   version != 0 && version < 13 ? "apt install qemu-user-static" : "apt install qemu-user");
  }
  if (id == "ubuntu")
    return as_root(host, major_version(host) < 25 ? "apt install qemu-user-static" : "apt install qemu-user");
  if (is_one_of(id, {"fedora", "rhel", "centos", "rocky", "almalinux"}))
    return as_root(host, "dnf install qemu-user-static");
  if (is_one_of(id, {"arch", "manjaro"})) return as_root(host, "pacman -S qemu-user-static");
  if (id == "alpine") return as_root(host, "apk add qemu-" + std::string(names_of(guest).qemu));
  if (id.starts_with("opensuse")) return as_root(host, "zypper install qemu-linux-user");
  return as_root(host, "apt install qemu-user-static");
}

Improvement newer_kernel(const Host& host) {
  const std::string what = "child processes of the function's own architecture: Linux 6.7 or later";
  if (host.wsl == Wsl::two) return {what + " (in Windows)", "wsl --update"};
  if (host.container != Container::none) return {what + ", on the machine that runs the container", ""};
  const std::string machine(names_of(host.arch).other);
  if (host.distribution_id == "debian" && major_version(host) == 12)
    return {what + ", from Debian's backports",
            as_root(host, "apt install -t bookworm-backports linux-image-" + machine)};
  if (host.distribution_id == "ubuntu" && host.distribution_version == "22.04")
    return {what, as_root(host, "apt install linux-generic-hwe-22.04")};
  return {what, ""};
}

}  // namespace

std::vector<Restriction> sandbox_restrictions(const Host& host, const Trial& refused,
                                              const std::string& helper) {
  std::vector<Restriction> found;
  const int code = refused.os_error;
  if (code == ENOSPC || code == EUSERS) return {by_count(host)};
  const bool at_namespace = refused.stage == Stage::user_namespace || refused.stage == Stage::function_user;
  // A kernel without user namespaces says EINVAL; clone(2) is missing (ENOSYS) only where a filter says so.
  if (at_namespace && code == ENOSYS && host.seccomp == Seccomp::filter) return {by_seccomp(host)};
  if (at_namespace && (code == EINVAL || code == ENOSYS)) return {by_kernel(host)};
  if (!denied(code)) return {unexplained(host, refused)};
  if (refused.stage == Stage::id_maps && host.uid == 0 && host.mapped_ids != 0 && host.mapped_ids < 65535)
    return {by_missing_ids(host)};
  if (unprivileged(host) && host.unprivileged_clone == 0)
    found.push_back({"unprivileged-userns-clone",
                     "kernel.unprivileged_userns_clone = 0",
                     {{kFullSandbox, as_root(host, "sysctl -w kernel.unprivileged_userns_clone=1")}}});
  if (at_namespace && host.chroot == Answer::yes) found.push_back(by_chroot());
  if (unprivileged(host) && host.seccomp == Seccomp::filter) found.push_back(by_seccomp(host));
  if (confined(host))
    found.push_back(
        {"apparmor-profile", "the AppArmor profile " + host.apparmor_profile, {open_container(host)}});
  if (unprivileged(host) && host.apparmor_restriction.value_or(0) != 0)
    found.push_back(by_apparmor_switch(host, helper));
  // A filter that refuses even the privileged.
  if (found.empty() && host.seccomp == Seccomp::filter) found.push_back(by_seccomp(host));
  if (found.empty()) found.push_back(unexplained(host, refused));
  return found;
}

std::vector<Restriction> partial_restrictions(const Host& host, const Trial& native) {
  std::vector<Restriction> found;
  if (is_lost(Guarantee::own_proc, native.lost)) {
    Restriction restriction{"masked-proc", "parts of /proc are covered", {}};
    if (!host.covered_proc.empty())
      restriction.text += " (" + host.covered_proc.front() + (host.covered_proc.size() > 1 ? ", …)" : ")");
    if (host.container != Container::none)
      restriction.improvements.push_back(open_container(host));
    else
      restriction.improvements.push_back(uncover_proc(host));
    found.push_back(std::move(restriction));
  }
  if (is_lost(Guarantee::system_call_filter, native.lost)) {
    Restriction restriction{
        "no-seccomp", "the kernel, or a filter around this process, takes no seccomp filters", {}};
    if (host.container != Container::none && host.seccomp == Seccomp::filter)
      restriction.improvements.push_back(open_container(host));
    else
      restriction.improvements.push_back({std::string(name_of(Guarantee::system_call_filter)) +
                                              ": run a kernel built with CONFIG_SECCOMP_FILTER",
                                          ""});
    found.push_back(std::move(restriction));
  }
  if (is_lost(Guarantee::process_limit, native.lost))
    found.push_back({"kernel-before-5.14",
                     "Linux " + host.kernel + " counts processes for the whole user",
                     {{std::string(name_of(Guarantee::process_limit)) + ": Linux 5.14 or later", ""}}});
  return found;
}

std::vector<Restriction> binfmt_restrictions(const Host& host, int os_error) {
  if (!host.kernel_is(6, 7))
    return {{"kernel-before-6.7",
             "Linux " + host.kernel + "; a private binfmt_misc needs 6.7",
             {newer_kernel(host)},
             Concerns::emulation}};
  if (os_error == ENODEV)
    return {{"no-binfmt-misc",
             "the kernel has no binfmt_misc loaded (CONFIG_BINFMT_MISC)",
             {{"child processes of the function's own architecture", as_root(host, "modprobe binfmt_misc")}},
             Concerns::emulation}};
  return {{"binfmt-refused",
           std::string("a private binfmt_misc is refused: ") + ::strerror(os_error),
           {{"child processes of the function's own architecture: allow mount(2) of binfmt_misc in user "
             "namespaces",
             ""}},
           Concerns::emulation}};
}

Restriction no_qemu(const Host& host, Arch guest) {
  const std::string arch(names_of(guest).lambda);
  return {"no-qemu",
          "there is no QEMU for " + arch + " programs in PATH",
          {{arch + " functions at all", qemu_command_for(host, guest)}},
          Concerns::emulation};
}

std::string cross_library_command(const Host& host, Arch guest) {
  if (!is_one_of(host.distribution_id, {"debian", "ubuntu"})) return {};
  return as_root(host, "apt install libc6-" + std::string(names_of(guest).other) + "-cross libstdc++6-" +
                           std::string(names_of(guest).other) + "-cross");
}

}  // namespace lemu::qemu
