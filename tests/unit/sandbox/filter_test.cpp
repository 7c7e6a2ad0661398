// SPDX-License-Identifier: Apache-2.0
// The filter's program, run by a small interpreter of classic BPF for each way to call the kernel.
#include "qemu/sandbox/filter.hpp"

#include <asm/ioctls.h>
#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

using namespace lemu::sandbox;

namespace {

constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kX32Bit = 0x40000000;

struct AbiName {
  Abi abi;
  std::uint32_t audit;
  const char* name;
};
constexpr AbiName kAll[] = {{Abi::x86_64, AUDIT_ARCH_X86_64, "x86_64"},
                            {Abi::i386, AUDIT_ARCH_I386, "i386"},
                            {Abi::arm64, AUDIT_ARCH_AARCH64, "arm64"},
                            {Abi::arm, AUDIT_ARCH_ARM, "arm"}};
constexpr Abi kX86[] = {Abi::x86_64, Abi::i386};
constexpr Abi kArm[] = {Abi::arm64, Abi::arm};

std::span<const Abi> machine_of(Abi abi) {
  return abi == Abi::x86_64 || abi == Abi::i386 ? std::span<const Abi>(kX86) : std::span<const Abi>(kArm);
}

/// What the program says of a call. It fails the test for an instruction that the filter has no use for, and
/// for a jump out of the program.
std::uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& call) {
  std::uint32_t value = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        REQUIRE(step.k + sizeof value <= sizeof call);
        std::memcpy(&value, reinterpret_cast<const char*>(&call) + step.k, sizeof value);
        break;
      case BPF_JMP | BPF_JA: at += step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += value == step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += value >= step.k ? step.jt : step.jf; break;
      case BPF_RET | BPF_K: return step.k;
      default: FAIL("an instruction of code " << step.code);
    }
  }
  FAIL("the program has no end");
  return 0;
}

std::uint32_t said_of(Abi abi, std::uint32_t number, FilterKind kind = FilterKind::forbid_and_notify,
                      std::uint64_t second_argument = 0) {
  seccomp_data call{};
  call.arch = kAll[static_cast<std::size_t>(abi)].audit;
  call.nr = static_cast<int>(number);
  call.args[1] = second_argument;
  return run(filter_program(machine_of(abi), kind), call);
}

std::set<std::uint32_t> looked_at(Abi abi) {
  std::set<std::uint32_t> numbers;
  const auto add = [&](const CallNumbers& all) {
    if (number_in(all, abi) != kNoCall) numbers.insert(static_cast<std::uint32_t>(number_in(all, abi)));
  };
  for (const ForbiddenGroup& group : forbidden_groups())
    for (const ForbiddenCall& call : group.calls) add(call.numbers);
  add(kIoctl);
  add(kSysinfo);
  return numbers;
}

}  // namespace

TEST_CASE("each forbidden call is absent in each ABI, and no other is touched") {
  for (const AbiName& one : kAll) {
    CAPTURE(one.name);
    for (const ForbiddenGroup& group : forbidden_groups())
      for (const ForbiddenCall& call : group.calls) {
        CAPTURE(call.name);
        const std::int16_t number = number_in(call.numbers, one.abi);
        if (number != kNoCall) CHECK(said_of(one.abi, static_cast<std::uint32_t>(number)) == kAbsent);
      }
    const std::vector<sock_filter> program = filter_program(machine_of(one.abi), FilterKind::forbid);
    const std::set<std::uint32_t> special = looked_at(one.abi);
    seccomp_data call{};
    call.arch = one.audit;
    for (std::uint32_t number = 0; number < 1024; ++number) {
      call.nr = static_cast<int>(number);
      CAPTURE(number);
      if (!special.contains(number)) CHECK(run(program, call) == SECCOMP_RET_ALLOW);
    }
  }
}

TEST_CASE("a number is one call's alone, or the filter would close another") {
  for (const AbiName& one : kAll) {
    CAPTURE(one.name);
    std::size_t named = 2;  // ioctl, sysinfo
    for (const ForbiddenGroup& group : forbidden_groups())
      for (const ForbiddenCall& call : group.calls)
        if (number_in(call.numbers, one.abi) != kNoCall) ++named;
    CHECK(looked_at(one.abi).size() == named);
  }
}

TEST_CASE("what runtimes need stays open") {
  struct Row {
    const char* name;
    CallNumbers numbers;
  };
  constexpr Row kRows[] = {
      {"clone3", {435, 435, 435, 435}},
      {"io_uring_setup", {425, 425, 425, 425}},
      {"io_uring_enter", {426, 426, 426, 426}},
      {"rseq", {334, 386, 293, 398}},
      {"membarrier", {324, 375, 283, 389}},
      {"memfd_create", {319, 356, 279, 385}},
      {"execve", {59, 11, 221, 11}},
      {"ptrace", {101, 26, 117, 26}},
      {"prctl", {157, 172, 167, 172}},
      {"seccomp", {317, 354, 277, 383}},
      {"unshare", {272, 310, 97, 337}},
      {"name_to_handle_at", {303, 341, 264, 370}},
      {"getrandom", {318, 355, 278, 384}},
      {"landlock_restrict_self", {446, 446, 446, 446}},
  };
  for (const AbiName& one : kAll)
    for (const Row& row : kRows) {
      CAPTURE(one.name);
      CAPTURE(row.name);
      CHECK(said_of(one.abi, static_cast<std::uint32_t>(number_in(row.numbers, one.abi))) ==
            SECCOMP_RET_ALLOW);
    }
}

TEST_CASE("all of x32 is closed, and every call of a foreign architecture") {
  for (const std::uint32_t number : {0U, 59U, 248U, 250U, 514U, 0x3fffffffU, 0xbfffffffU}) {
    CAPTURE(number);
    CHECK(said_of(Abi::x86_64, kX32Bit + number) == kAbsent);
  }
  CHECK(said_of(Abi::x86_64, kX32Bit - 1) == SECCOMP_RET_ALLOW);
  CHECK(said_of(Abi::arm, 0x0f0005) == SECCOMP_RET_ALLOW);  // __ARM_NR_set_tls
  for (const std::uint32_t audit : {0U, 0xffffffffU, std::uint32_t{AUDIT_ARCH_AARCH64},
                                    std::uint32_t{AUDIT_ARCH_ARM}, std::uint32_t{AUDIT_ARCH_RISCV64}}) {
    CAPTURE(audit);
    seccomp_data call{};
    call.arch = audit;
    CHECK(run(filter_program(kX86, FilterKind::forbid), call) == kAbsent);
  }
}

TEST_CASE("nothing types into a terminal, whatever stands in the upper half of the request") {
  constexpr std::uint64_t kUpper = 0xdeadbeefULL << 32;
  for (const AbiName& one : kAll) {
    CAPTURE(one.name);
    const auto number = static_cast<std::uint32_t>(number_in(kIoctl, one.abi));
    for (const std::uint64_t upper : {std::uint64_t{0}, kUpper}) {
      CHECK(said_of(one.abi, number, FilterKind::forbid, upper + TIOCSTI) == kRefused);
      CHECK(said_of(one.abi, number, FilterKind::forbid, upper + TIOCLINUX) == kRefused);
      CHECK(said_of(one.abi, number, FilterKind::forbid, upper + TIOCGWINSZ) == SECCOMP_RET_ALLOW);
    }
  }
}

TEST_CASE("sysinfo is handed over only where the helper answers") {
  for (const AbiName& one : kAll) {
    CAPTURE(one.name);
    const auto number = static_cast<std::uint32_t>(number_in(kSysinfo, one.abi));
    CHECK(said_of(one.abi, number, FilterKind::forbid_and_notify) == SECCOMP_RET_USER_NOTIF);
    CHECK(said_of(one.abi, number, FilterKind::forbid) == SECCOMP_RET_ALLOW);
  }
}

TEST_CASE("the numbers are this machine's headers'") {
  const auto number = [](std::string_view name) -> long {
    for (const ForbiddenGroup& group : forbidden_groups())
      for (const ForbiddenCall& call : group.calls)
        if (call.name == name) return number_in(call.numbers, abis_here().front());
    return -2;
  };
  struct Row {
    const char* name;
    long number;
  };
  constexpr Row kRows[] = {{"add_key", SYS_add_key},
                           {"request_key", SYS_request_key},
                           {"keyctl", SYS_keyctl},
                           {"init_module", SYS_init_module},
                           {"finit_module", SYS_finit_module},
                           {"delete_module", SYS_delete_module},
                           {"kexec_load", SYS_kexec_load},
                           {"kexec_file_load", SYS_kexec_file_load},
                           {"reboot", SYS_reboot},
                           {"bpf", SYS_bpf},
                           {"perf_event_open", SYS_perf_event_open},
                           {"fanotify_init", SYS_fanotify_init},
                           {"fanotify_mark", SYS_fanotify_mark},
                           {"syslog", SYS_syslog},
                           {"lookup_dcookie", SYS_lookup_dcookie},
                           {"userfaultfd", SYS_userfaultfd},
                           {"open_by_handle_at", SYS_open_by_handle_at},
                           {"mount", SYS_mount},
                           {"umount2", SYS_umount2},
                           {"pivot_root", SYS_pivot_root},
                           {"open_tree", SYS_open_tree},
                           {"move_mount", SYS_move_mount},
                           {"fsopen", SYS_fsopen},
                           {"fsconfig", SYS_fsconfig},
                           {"fsmount", SYS_fsmount},
                           {"fspick", SYS_fspick},
                           {"mount_setattr", SYS_mount_setattr},
                           {"swapon", SYS_swapon},
                           {"swapoff", SYS_swapoff},
                           {"acct", SYS_acct},
                           {"quotactl", SYS_quotactl}};
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    CHECK(number(row.name) == row.number);
  }
  CHECK(number_in(kIoctl, abis_here().front()) == SYS_ioctl);
  CHECK(number_in(kSysinfo, abis_here().front()) == SYS_sysinfo);
}
