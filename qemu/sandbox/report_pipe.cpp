// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/report_pipe.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace lemu::sandbox {
namespace {

bool makes_sense(const Report& report) {
  return report.kind >= ReportKind::ready && report.kind <= ReportKind::all_gone &&
         report.stage <= Stage::exec;
}

pid_t sender_of(msghdr& message) {
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
    return -1;
  ucred credentials{};
  std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
  return credentials.pid;
}

}  // namespace

Received receive_report(int fd, ReceivedReport& into) {
  iovec data{&into.report, sizeof into.report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  do n = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Received::nothing_yet;
  // Reports are sent in one write of fixed size; anything else is not our helper any more.
  if (n != static_cast<ssize_t>(sizeof into.report) || !makes_sense(into.report)) return Received::end;
  into.sender = sender_of(message);
  return Received::report;
}

}  // namespace lemu::sandbox
