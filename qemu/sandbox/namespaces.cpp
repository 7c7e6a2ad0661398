// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace lemu::sandbox {
namespace {

std::string map_lines(std::uint32_t inside, std::uint32_t outside) {
  return "0 0 1\n" + std::to_string(inside) + ' ' + std::to_string(outside) + " 1\n";
}

bool write_map(int child, const char* file, const std::string& lines) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", child, file);
  return write_existing(path, lines.data(), lines.size());
}

/// Root of a user namespace that does not have all ids (a rootless container, `unshare -r`) is nobody's root.
bool is_root_of_the_host() {
  char text[64] = {};
  const int fd = ::open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;
  const ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  unsigned long inside = 0;
  unsigned long outside = 0;
  unsigned long count = 0;
  return size <= 0 || std::sscanf(text, "%lu %lu %lu", &inside, &outside, &count) != 3 || outside == 0;
}

bool write_one_id_maps(int child, std::uint32_t uid, std::uint32_t gid) {
  return write_map(child, "uid_map", "0 " + std::to_string(uid) + " 1\n") &&
         write_map(child, "gid_map", "0 " + std::to_string(gid) + " 1\n");
}

bool write_maps(int child, const SandboxSpec& spec) {
  const std::uint32_t uid = ::geteuid();
  const std::uint32_t gid = ::getegid();
  if (uid == 0) {
    // Root keeps setgroups(2), to drop its groups. A group of 0 without uid 0 follows the uid's rule below.
    if (write_map(child, "uid_map", map_lines(spec.function_uid, spec.host_uid)))
      return write_map(child, "gid_map", map_lines(spec.function_gid, spec.host_gid));
    return !is_root_of_the_host() && write_one_id_maps(child, uid, gid);
  }
  // user_namespaces(7): an unprivileged writer must give up setgroups(2) first.
  return write_map(child, "setgroups", "deny") && write_one_id_maps(child, uid, gid);
}

}  // namespace

StepResult enter_namespaces(const SandboxSpec& spec, Side* side, int* child) {
  int gate[2];
  if (::pipe2(gate, 0) < 0) return failed_at(Stage::user_namespace);
  constexpr unsigned long kFlags =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
  const long pid = ::syscall(SYS_clone, kFlags, 0, nullptr, nullptr, 0);
  if (pid < 0) return failed_at(Stage::user_namespace);

  if (pid == 0) {
    *side = Side::inside;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(gate[1]);
    char open = 0;
    const ssize_t n = ::read(gate[0], &open, 1);
    ::close(gate[0]);
    // A closed gate: the outer half has failed and has said so.
    if (n != 1) ::_exit(1);
    ::prctl(PR_SET_DUMPABLE, 0);
    return done();
  }

  *side = Side::outside;
  *child = static_cast<int>(pid);
  ::close(gate[0]);
  const bool mapped = write_maps(*child, spec);
  const int code = errno;
  if (mapped) {
    const char open = 1;
    while (::write(gate[1], &open, 1) < 0 && errno == EINTR) {
    }
  }
  ::close(gate[1]);
  if (mapped) return done();
  ::waitpid(*child, nullptr, 0);
  errno = code;
  return failed_at(Stage::id_maps);
}

}  // namespace lemu::sandbox
