// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/function_user.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "qemu/sandbox/proc.hpp"

namespace lemu::sandbox {
namespace {

// What the writer's user namespace may have at most (namespaces(7)). Whatever is counted there is counted
// for the user outside as well, who must keep enough.
struct NamespaceLimit {
  const char* path;
  const char* most;
};
constexpr NamespaceLimit kLimits[] = {
    // Lambda has no namespaces for functions either.
    {"sys/user/max_user_namespaces", "0"},
    {"sys/user/max_mnt_namespaces", "0"},
    {"sys/user/max_pid_namespaces", "0"},
    {"sys/user/max_net_namespaces", "0"},
    {"sys/user/max_ipc_namespaces", "0"},
    {"sys/user/max_uts_namespaces", "0"},
    {"sys/user/max_cgroup_namespaces", "0"},
    {"sys/user/max_time_namespaces", "0"},
    // inotify(7): a user has 128 instances by default. A .NET host takes two or three. The watches were
    // 8192 for a user until Linux 5.11.
    {"sys/user/max_inotify_instances", "16"},
    {"sys/user/max_inotify_watches", "8192"},
    // fanotify(7) needed a capability until Linux 5.13.
    {"sys/user/max_fanotify_groups", "0"},
    {"sys/user/max_fanotify_marks", "0"},
};

bool write_own_map(const char* path, std::uint32_t inside, std::uint32_t outside) {
  char line[48];
  std::snprintf(line, sizeof line, "%u %u 1\n", inside, outside);
  return write_proc(path, line);
}

/// Where /proc/sys is read-only the writes are refused, which has been told as a loss; an older kernel has
/// not all of them. Any other failure leaves the function without a limit that it was said to have.
bool limit_namespace() {
  for (const NamespaceLimit& limit : kLimits) {
    if (write_proc(limit.path, limit.most)) continue;
    const bool is_of_host = errno == EROFS || errno == EACCES || errno == EPERM || errno == ENOENT;
    if (!is_of_host) return false;
  }
  return true;
}

}  // namespace

StepResult look_at_namespace_limits() {
  return may_write_proc(kLimits[0].path) ? done() : failed_at(Stage::function_user);
}

StepResult become_function_user(const SandboxSpec& spec) {
  // When the helper is host root the first namespace has two ids: its root, which is the host's, must be
  // left. Otherwise there is only one id, and the second namespace calls it 993.
  const bool has_own_id = ::setresgid(spec.function_gid, spec.function_gid, spec.function_gid) == 0;
  if (has_own_id) {
    if (::syscall(SYS_setgroups, 0, nullptr) < 0) return failed_at(Stage::function_user);
    if (::setresuid(spec.function_uid, spec.function_uid, spec.function_uid) < 0)
      return failed_at(Stage::function_user);
  }
  const std::uint32_t uid = ::getuid();
  const std::uint32_t gid = ::getgid();
  if (::unshare(CLONE_NEWUSER) < 0) return failed_at(Stage::function_user);
  // The files of an undumpable process belong to the host's root, so the maps could not be opened. Nothing of
  // the function runs yet; exec makes the process dumpable anyway.
  ::prctl(PR_SET_DUMPABLE, 1);
  if (!write_proc("self/setgroups", "deny") || !write_own_map("self/gid_map", spec.function_gid, gid) ||
      !write_own_map("self/uid_map", spec.function_uid, uid))
    return failed_at(Stage::function_user);
  return limit_namespace() ? done() : failed_at(Stage::function_user);
}

void leave_session_keyring() { ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }

StepResult drop_capabilities() {
  for (unsigned long capability = 0; capability < 64; ++capability)
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL)
      return failed_at(Stage::capabilities);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) < 0) return failed_at(Stage::capabilities);
  return done();
}

StepResult forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed_at(Stage::capabilities);
  return done();
}

}  // namespace lemu::sandbox
