// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/forbidden_calls.hpp"

namespace lemu::sandbox {
namespace {

// The numbers are those of the kernel's tables: arch/x86/entry/syscalls/syscall_{64,32}.tbl,
// include/uapi/asm-generic/unistd.h, arch/arm/tools/syscall.tbl.

constexpr ForbiddenCall kKeys[] = {
    {"add_key", {248, 286, 217, 309}},
    {"request_key", {249, 287, 218, 310}},
    {"keyctl", {250, 288, 219, 311}},
};

constexpr ForbiddenCall kKernelCode[] = {
    {"init_module", {175, 128, 105, 128}},
    {"finit_module", {313, 350, 273, 379}},
    {"delete_module", {176, 129, 106, 129}},
    {"create_module", {174, 127, kNoCall, kNoCall}},
    {"query_module", {178, 167, kNoCall, kNoCall}},
    {"get_kernel_syms", {177, 130, kNoCall, kNoCall}},
    {"kexec_load", {246, 283, 104, 347}},
    {"kexec_file_load", {320, kNoCall, 294, 401}},
    {"reboot", {169, 88, 142, 88}},
    {"bpf", {321, 357, 280, 386}},
};

constexpr ForbiddenCall kWatching[] = {
    {"perf_event_open", {298, 336, 241, 364}}, {"fanotify_init", {300, 338, 262, 367}},
    {"fanotify_mark", {301, 339, 263, 368}},   {"syslog", {103, 103, 116, 103}},
    {"lookup_dcookie", {212, 253, 18, 249}},
};

constexpr ForbiddenCall kFaults[] = {
    {"userfaultfd", {323, 374, 282, 388}},
};

constexpr ForbiddenCall kHandles[] = {
    {"open_by_handle_at", {304, 342, 265, 371}},
};

constexpr ForbiddenCall kMounts[] = {
    {"mount", {165, 21, 40, 21}},         {"umount", {kNoCall, 22, kNoCall, 22}},
    {"umount2", {166, 52, 39, 52}},       {"pivot_root", {155, 217, 41, 218}},
    {"open_tree", {428, 428, 428, 428}},  {"open_tree_attr", {467, 467, 467, 467}},
    {"move_mount", {429, 429, 429, 429}}, {"fsopen", {430, 430, 430, 430}},
    {"fsconfig", {431, 431, 431, 431}},   {"fsmount", {432, 432, 432, 432}},
    {"fspick", {433, 433, 433, 433}},     {"mount_setattr", {442, 442, 442, 442}},
};

constexpr ForbiddenCall kMachine[] = {
    {"swapon", {167, 87, 224, 87}},
    {"swapoff", {168, 115, 225, 115}},
    {"acct", {163, 51, 89, 51}},
    {"quotactl", {179, 131, 60, 131}},
    {"quotactl_fd", {443, 443, 443, 443}},
    {"iopl", {172, 110, kNoCall, kNoCall}},
    {"ioperm", {173, 101, kNoCall, kNoCall}},
};

constexpr ForbiddenCall kOld[] = {
    {"uselib", {134, 86, kNoCall, 86}},
    {"_sysctl", {156, 149, kNoCall, 149}},
    {"modify_ldt", {154, 123, kNoCall, kNoCall}},
    {"vm86", {kNoCall, 166, kNoCall, kNoCall}},
    {"vm86old", {kNoCall, 113, kNoCall, kNoCall}},
};

constexpr ForbiddenGroup kGroups[] = {
    {"A user's keyrings belong to the user id and to no namespace (keyrings(7)): without this a function "
     "could "
     "read, plant and clear your keys.",
     kKeys},
    {"They load code into the kernel or start another kernel. Where bpf(2) is open to everybody it has a "
     "long "
     "history of flaws.",
     kKernelCode},
    {"They watch the kernel and other programs: performance counters, accesses to files, the kernel's log.",
     kWatching},
    {"It can hold the kernel in the middle of a copy, which exploits of races use.", kFaults},
    {"It opens files past the sandbox's root, by their number on the disk.", kHandles},
    {"They change the file system that the function sees. A function has no capability for them; closed "
     "here, "
     "they stay closed also where it can make a user namespace.",
     kMounts},
    {"They are for the administrator of a machine: swap, accounting, quotas, ports of devices.", kMachine},
    {"They are for programs of the 1990s, and had flaws.", kOld},
};

}  // namespace

std::span<const ForbiddenGroup> forbidden_groups() { return kGroups; }

}  // namespace lemu::sandbox
