// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/cgroup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {

void open_cgroup(const std::string& folder) {
  if (folder.empty()) return;
  const int file = ::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (file != kCgroupFd) {
    ::dup3(file, kCgroupFd, O_CLOEXEC);
    ::close(file);
  }
}

void enter_cgroup() {
  constexpr char kMyself = '0';
  while (::write(kCgroupFd, &kMyself, 1) < 0 && errno == EINTR) {
  }
}

void remove_cgroup(const std::string& folder) {
  if (!folder.empty()) ::rmdir(folder.c_str());
}

}  // namespace lemu::sandbox
