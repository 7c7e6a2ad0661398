// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/terminal.hpp"

#include <asm/ioctls.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <iterator>

namespace lemu::sandbox {
namespace {

// ioctl(2) by each name that this kernel may know it by: its own, that of 32-bit programs (i386 and Arm both
// call it 54), and x32's two. Whatever else has one of these numbers takes no TIOCSTI for its second
// argument.
constexpr std::uint32_t kNarrow = 54;
constexpr std::uint32_t kX32 = 0x40000000 + SYS_ioctl;
constexpr std::uint32_t kX32Own = 0x40000000 + 514;

constexpr sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr sock_filter if_equal(std::uint32_t value, std::uint8_t skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0);
}

}  // namespace

StepResult forbid_typing() {
  // The kernel looks at the low half of a request only; both architectures have it first.
  sock_filter code[] = {
      load(offsetof(seccomp_data, nr)),
      if_equal(SYS_ioctl, 4),
      if_equal(kNarrow, 3),
      if_equal(kX32, 2),
      if_equal(kX32Own, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      load(offsetof(seccomp_data, args) + sizeof(seccomp_data::args[0])),
      if_equal(TIOCSTI, 2),
      if_equal(TIOCLINUX, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
  const sock_fprog program{std::size(code), code};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 || errno == EINVAL) return done();
  return failed_at(Stage::capabilities);
}

}  // namespace lemu::sandbox
