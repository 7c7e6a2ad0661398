// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/proc.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>

#include "qemu/sandbox/read_only_tree.hpp"

namespace lemu::sandbox {

void keep_proc(const char* folder) {
  int proc = ::open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) proc = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);  // the number is not for anything else
  if (proc < 0 || proc == kProcFd) return;
  ::dup3(proc, kProcFd, O_CLOEXEC);
  ::close(proc);
}

StepResult seal_proc() {
  if (::mount("/proc", "/proc", nullptr, MS_BIND | MS_REC, nullptr) < 0 ||
      !make_tree_read_only("/proc", Programs::may_not_run))
    return failed_at(Stage::proc);
  return done();
}

bool write_proc(const char* path, const char* content) {
  return write_existing(path, content, std::strlen(content), kProcFd);
}

bool may_write_proc(const char* path) { return ::faccessat(kProcFd, path, W_OK, 0) == 0; }

}  // namespace lemu::sandbox
