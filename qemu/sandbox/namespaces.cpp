// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/namespaces.hpp"

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

std::string map_lines(std::uint32_t mine, std::uint32_t inside, std::uint32_t outside) {
  char line[96];
  if (mine == 0)
    std::snprintf(line, sizeof line, "0 0 1\n%u %u 1\n", inside, outside);
  else
    std::snprintf(line, sizeof line, "0 %u 1\n", mine);
  return line;
}

bool write_map(int child, const char* file, const std::string& lines) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", child, file);
  return write_existing(path, lines.data(), lines.size());
}

bool write_maps(int child, const SandboxSpec& spec) {
  const std::uint32_t uid = ::geteuid();
  const std::uint32_t gid = ::getegid();
  // user_namespaces(7): an unprivileged writer must give up setgroups(2) first. Root keeps it, to drop its groups.
  if (uid != 0 && !write_map(child, "setgroups", "deny")) return false;
  // A group of 0 without uid 0 (or the reverse) follows the uid's rule: only root may write two lines.
  const std::string gids = uid == 0 ? map_lines(0, spec.function_gid, spec.host_gid)
                                    : "0 " + std::to_string(gid) + " 1\n";
  return write_map(child, "uid_map", map_lines(uid, spec.function_uid, spec.host_uid)) &&
         write_map(child, "gid_map", gids);
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
