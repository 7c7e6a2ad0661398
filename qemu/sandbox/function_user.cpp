// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/function_user.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

namespace lemu::sandbox {
namespace {

constexpr char kNamespaceLimit[] = "/proc/sys/user/max_user_namespaces";  // of the writer's user namespace

/// Writes a file of /proc/self. Where the host's /proc stands in, the sandbox's view of it is read-only.
bool write_own(const char* name, const char* content, std::size_t size) {
  char path[48];
  std::snprintf(path, sizeof path, "/proc/self/%s", name);
  if (write_existing(path, content, size)) return true;
  if (errno != EROFS) return false;
  std::snprintf(path, sizeof path, "self/%s", name);
  return write_existing(path, content, size, kOuterProcFd);
}

bool write_own_map(const char* name, std::uint32_t inside, std::uint32_t outside) {
  char line[48];
  const int size = std::snprintf(line, sizeof line, "%u %u 1\n", inside, outside);
  return write_own(name, line, static_cast<std::size_t>(size));
}

}  // namespace

StepResult look_at_namespace_limit() {
  if (::access(kNamespaceLimit, W_OK) < 0) return failed_at(Stage::function_user);
  return done();
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
  if (!write_own("setgroups", "deny", 4) || !write_own_map("gid_map", spec.function_gid, gid) ||
      !write_own_map("uid_map", spec.function_uid, uid))
    return failed_at(Stage::function_user);
  // Lambda has no user namespaces for functions either. Where /proc/sys is read-only the write is refused,
  // and the function could make namespaces in which it still has no privilege over anything of ours.
  write_existing(kNamespaceLimit, "0", 1);
  return done();
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
