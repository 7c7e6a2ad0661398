// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/sysinfo_answer.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace lemu::sandbox {
namespace {

/// struct sysinfo of 32-bit programs (include/uapi/linux/sysinfo.h).
struct NarrowSysinfo {
  std::int32_t uptime;
  std::uint32_t loads[3];
  std::uint32_t totalram;
  std::uint32_t freeram;
  std::uint32_t sharedram;
  std::uint32_t bufferram;
  std::uint32_t totalswap;
  std::uint32_t freeswap;
  std::uint16_t procs;
  std::uint16_t pad;
  std::uint32_t totalhigh;
  std::uint32_t freehigh;
  std::uint32_t mem_unit;
  char filler[8];
};
static_assert(sizeof(NarrowSysinfo) == 64);

/// "Free" is all of it, as in /proc/meminfo: what the function takes of it is not followed.
struct sysinfo machine_of(std::uint64_t memory_bytes) {
  struct sysinfo machine {};
  ::sysinfo(&machine);
  machine.totalram = machine.freeram = memory_bytes;
  machine.sharedram = machine.bufferram = 0;
  machine.totalswap = machine.freeswap = 0;
  machine.totalhigh = machine.freehigh = 0;
  machine.mem_unit = 1;
  return machine;
}

NarrowSysinfo narrow(const struct sysinfo& machine) {
  constexpr std::uint32_t kPage = 4096;
  NarrowSysinfo result{};
  // What does not fit is counted in pages, as the kernel does it.
  result.mem_unit = machine.totalram > std::numeric_limits<std::uint32_t>::max() ? kPage : 1;
  result.totalram = result.freeram = static_cast<std::uint32_t>(machine.totalram / result.mem_unit);
  result.uptime = static_cast<std::int32_t>(machine.uptime);
  for (int i = 0; i < 3; ++i) result.loads[i] = static_cast<std::uint32_t>(machine.loads[i]);
  result.procs = machine.procs;
  return result;
}

bool is_narrow(std::uint32_t audit_arch) {
  return audit_arch == AUDIT_ARCH_I386 || audit_arch == AUDIT_ARCH_ARM;
}

/// Into the caller's memory. The caller may end, and another process of the function take its number, just
/// before the write: then that one is written to, and the function has harmed itself, as it can anyway.
bool give(const seccomp_notif& call, const void* data, std::size_t size) {
  const iovec from{const_cast<void*>(data), size};
  const iovec to{reinterpret_cast<void*>(call.data.args[0]), size};
  const ssize_t written = ::process_vm_writev(static_cast<pid_t>(call.pid), &from, 1, &to, 1, 0);
  if (written >= 0) errno = EFAULT;  // only a part of it is the caller's memory
  return written == static_cast<ssize_t>(size);
}

bool give_machine(const seccomp_notif& call, std::uint64_t memory_bytes) {
  const struct sysinfo machine = machine_of(memory_bytes);
  if (!is_narrow(call.data.arch)) return give(call, &machine, sizeof machine);
  const NarrowSysinfo small = narrow(machine);
  return give(call, &small, sizeof small);
}

/// Room for what this kernel sends, which may be more than we know of.
union Notification {
  seccomp_notif known;
  char room[256];
};
union Answer {
  seccomp_notif_resp known;
  char room[256];
};

bool send_answer(int listener, Answer& answer) {
  return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0;
}

}  // namespace

void answer_sysinfo(int listener, std::uint64_t memory_bytes) {
  Notification call;
  std::memset(&call, 0, sizeof call);
  // Fails for a caller that was killed meanwhile, or that a signal called away.
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) return;
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call.known.id) < 0) return;
  Answer answer;
  std::memset(&answer, 0, sizeof answer);
  answer.known.id = call.known.id;
  if (!give_machine(call.known, memory_bytes)) {
    if (errno == EFAULT)
      answer.known.error = -EFAULT;
    else  // something forbids writing to another's memory (Yama): the machine's own answer
      answer.known.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  }
  if (send_answer(listener, answer) || answer.known.flags == 0) return;
  // Linux before 5.5 cannot let a call go on.
  answer.known.flags = 0;
  answer.known.error = -ENOSYS;
  send_answer(listener, answer);
}

void send_listener(int socket, int listener) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof listener)]{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof listener);
  std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

int receive_listener(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  int listener = -1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof listener)]{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  do n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  const cmsghdr* const header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS)
    std::memcpy(&listener, CMSG_DATA(header), sizeof listener);
  return listener;
}

}  // namespace lemu::sandbox
