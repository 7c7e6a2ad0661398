// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/filter.hpp"

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace lemu::sandbox {
namespace {

// x32 programs have the architecture of x86_64 and this bit in each number (syscall(2)). Lambda runs none.
constexpr std::uint32_t kX32Bit = 0x40000000;

enum class Answer : std::uint8_t { allow, absent, unless_typing, helper };

/// How the calls from this number on, up to the next segment's, are answered.
struct Segment {
  std::uint32_t from = 0;
  Answer answer = Answer::allow;
};

constexpr std::uint32_t audit_arch(Abi abi) {
  switch (abi) {
    case Abi::x86_64: return AUDIT_ARCH_X86_64;
    case Abi::i386: return AUDIT_ARCH_I386;
    case Abi::arm64: return AUDIT_ARCH_AARCH64;
    case Abi::arm: return AUDIT_ARCH_ARM;
  }
  return 0;
}

/// All calls that are not simply allowed, by their numbers.
std::vector<Segment> looked_at(Abi abi, FilterKind kind) {
  std::vector<Segment> calls;
  const auto add = [&](const CallNumbers& numbers, Answer answer) {
    const std::int16_t number = number_in(numbers, abi);
    if (number != kNoCall) calls.push_back({static_cast<std::uint32_t>(number), answer});
  };
  for (const ForbiddenGroup& group : forbidden_groups())
    for (const ForbiddenCall& call : group.calls) add(call.numbers, Answer::absent);
  add(kIoctl, Answer::unless_typing);
  if (kind == FilterKind::forbid_and_notify) add(kSysinfo, Answer::helper);
  std::sort(calls.begin(), calls.end(), [](const Segment& a, const Segment& b) { return a.from < b.from; });
  return calls;
}

/// All numbers there are, from 0 on.
std::vector<Segment> segments_of(Abi abi, FilterKind kind) {
  std::vector<Segment> segments{{}};
  const auto add = [&segments](const Segment& segment) {
    if (segments.back().from == segment.from) segments.pop_back();
    if (segments.empty() || segments.back().answer != segment.answer) segments.push_back(segment);
  };
  for (const Segment& call : looked_at(abi, kind)) {
    add(call);
    segments.push_back({call.from + 1, Answer::allow});
  }
  if (abi == Abi::x86_64) add({kX32Bit, Answer::absent});
  return segments;
}

class Assembler {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void jump(std::size_t over) { add(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(over)); }
  void skip_if_equal(std::uint32_t value, std::uint8_t over) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, over, 0));
  }
  void answer(std::uint32_t value) { add(BPF_RET | BPF_K, value); }
  void append(const Assembler& other) { code_.insert(code_.end(), other.code_.begin(), other.code_.end()); }
  [[nodiscard]] std::size_t size() const { return code_.size(); }
  [[nodiscard]] std::vector<sock_filter> take() { return std::move(code_); }

  /// A search for the number that was loaded, by halves.
  void search(std::span<const Segment> segments) {
    if (segments.size() == 1) return answer_with(segments.front().answer);
    const std::size_t half = segments.size() / 2;
    const std::size_t at = size();
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, segments[half].from, 0, 0));
    search(segments.first(half));
    code_[at].jt = static_cast<std::uint8_t>(size() - at - 1);
    search(segments.subspan(half));
  }

 private:
  void add(int code, std::uint32_t value) {
    code_.push_back(BPF_STMT(static_cast<std::uint16_t>(code), value));
  }

  void answer_with(Answer what) {
    switch (what) {
      case Answer::allow: return answer(SECCOMP_RET_ALLOW);
      case Answer::absent: return answer(SECCOMP_RET_ERRNO | ENOSYS);
      case Answer::helper: return answer(SECCOMP_RET_USER_NOTIF);
      case Answer::unless_typing: break;
    }
    // The kernel looks at the low half of a request only; all of these machines have it first.
    load(offsetof(seccomp_data, args) + sizeof(seccomp_data::args[0]));
    skip_if_equal(TIOCSTI, 2);
    skip_if_equal(TIOCLINUX, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(SECCOMP_RET_ERRNO | EPERM);
  }

  std::vector<sock_filter> code_;
};

long seccomp(unsigned operation, unsigned long flags, const void* arguments) {
  return ::syscall(SYS_seccomp, operation, flags, arguments);
}

/// seccomp(2): without a program the flags are looked at, and nothing else.
bool knows(unsigned long flags) {
  return seccomp(SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
}

/// A process can have one listener in all the filters around it. Asking for one more tells; errno says why
/// not.
bool try_notifications() {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    int listener = -1;
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(install_filter(FilterKind::forbid_and_notify, &listener).os_error);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
  return errno == 0;
}

}  // namespace

std::vector<sock_filter> filter_program(std::span<const Abi> abis, FilterKind kind) {
  Assembler program;
  program.load(offsetof(seccomp_data, arch));
  for (const Abi abi : abis) {
    Assembler calls;
    calls.load(offsetof(seccomp_data, nr));
    calls.search(segments_of(abi, kind));
    program.skip_if_equal(audit_arch(abi), 1);
    program.jump(calls.size());
    program.append(calls);
  }
  program.answer(SECCOMP_RET_ERRNO | ENOSYS);
  return program.take();
}

std::span<const Abi> abis_here() {
#if defined __x86_64__
  static constexpr Abi kHere[] = {Abi::x86_64, Abi::i386};
#elif defined __aarch64__
  static constexpr Abi kHere[] = {Abi::arm64, Abi::arm};
#endif
  return kHere;
}

StepResult look_at_filters() { return knows(0) ? done() : failed_at(Stage::filter); }

StepResult look_at_notifications() {
  constexpr auto kDetail = static_cast<std::uint32_t>(FilterPart::sysinfo);
  if (!knows(SECCOMP_FILTER_FLAG_NEW_LISTENER)) return failed_at(Stage::filter, kDetail);
  const bool filtered = ::prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
  if (!filtered || try_notifications()) return done();
  return failed_at(Stage::filter, kDetail);
}

StepResult install_filter(FilterKind kind, int* listener) {
  if (kind == FilterKind::none) return done();
  std::vector<sock_filter> code = filter_program(abis_here(), kind);
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  // Before Linux 5.16 a filter switched mitigations on that slow down the whole program. They are for
  // programs that keep secrets from their own code.
  unsigned long flags = knows(SECCOMP_FILTER_FLAG_SPEC_ALLOW) ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
  if (kind == FilterKind::forbid_and_notify) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  const long result = seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result < 0) return failed_at(Stage::filter);
  if (kind == FilterKind::forbid_and_notify) *listener = static_cast<int>(result);
  return done();
}

}  // namespace lemu::sandbox
