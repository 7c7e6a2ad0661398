// SPDX-License-Identifier: Apache-2.0
// MemorySplit: the memory of one process under QEMU, split by whose it is. A plain value; no system calls;
// any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace lemu::qemu {

/// Bytes. What was swapped out counts as if it were resident.
struct MemorySplit {
  std::uint64_t guest_rss = 0;
  std::uint64_t guest_pss = 0;
  std::uint64_t emulator_rss = 0;
  std::uint64_t emulator_pss = 0;
};

/// Splits the text of /proc/PID/smaps. QEMU and its guest share one address space, and in QEMU 10 (not yet in
/// 7.2) their mappings lie side by side, so the split goes by what a mapping is, never by its address.
///
/// The rule: what is not certainly QEMU's is the guest's. QEMU's own are
///   - the unmodified pages of private mappings of a file of which some part is executable: QEMU and its
///     libraries;
///   - the modified pages of those mappings and the zero-initialised data that follows them, as far as QEMU
///     has such data;
///   - the buffer of translated code: the one executable mapping without a file. If there are several, all
///     but the smallest are the guest's: personality(2)'s READ_IMPLIES_EXEC, which QEMU passes on, makes the
///     guest's memory executable too;
///   - what the kernel made for QEMU: [heap], [stack], [vdso] and the like. The guest's heap and stacks are
///     mapped by QEMU and have no name. But the kernel merges a guest's mapping that touches [heap] with it.
/// Each of these counts up to the most that QEMU uses; what is beyond that is the guest's. QEMU's malloc
/// stays in [heap] with sandbox::kQemuEnvironment; without it, about 0.5 MB and 0.8 MB for each guest thread
/// come to be counted as the guest's.
[[nodiscard]] MemorySplit split_smaps(std::string_view smaps);

}  // namespace lemu::qemu
