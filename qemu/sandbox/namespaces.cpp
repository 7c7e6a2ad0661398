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

#include "qemu/sandbox/host_user.hpp"

namespace lemu::sandbox {
namespace {

std::string single_line(std::uint32_t mine) { return "0 " + std::to_string(mine) + " 1\n"; }
std::string two_lines(std::uint32_t inside, std::uint32_t outside) {
  return "0 0 1\n" + std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

bool write_map(int child, const char* file, const std::string& lines) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", child, file);
  return write_existing(path, lines.data(), lines.size());
}

bool write_maps(int child, const SandboxSpec& spec) {
  const std::uint32_t uid = ::geteuid();
  if (uid == 0 && !is_root_in_name_only(spec.host_uid))
    return write_map(child, "uid_map", two_lines(spec.function_uid, spec.host_uid)) &&
           write_map(child, "gid_map", two_lines(spec.function_gid, spec.host_gid));
  // user_namespaces(7): who may not set groups at will must give up setgroups(2) first. Root keeps it, to
  // drop its own.
  return write_map(child, "setgroups", "deny") && write_map(child, "uid_map", single_line(uid)) &&
         write_map(child, "gid_map", single_line(::getegid()));
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
