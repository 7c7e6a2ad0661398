// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/step.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace lemu::sandbox {

bool write_existing(const char* path, const char* content, std::size_t size, int folder) {
  const int fd = ::openat(folder, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = ::write(fd, content, size);
  const int code = errno;
  ::close(fd);
  errno = n < 0 ? code : EIO;
  return n == static_cast<ssize_t>(size);
}

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void send_report(const Report& report) {
  while (::send(kControlFd, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void send_step(ReportKind kind, const StepResult& step) {
  Report report;
  report.kind = kind;
  report.stage = step.stage;
  report.os_error = step.os_error;
  report.detail = step.detail;
  report.time_ns = monotonic_ns();
  send_report(report);
}

}  // namespace lemu::sandbox
