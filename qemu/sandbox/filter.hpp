// SPDX-License-Identifier: Apache-2.0
// The system call filter of the function's process (seccomp(2)): what the table of forbidden calls names is
// answered as by a kernel that does not have it (ENOSYS), a terminal cannot be typed into (EPERM), and
// sysinfo(2) can be handed to the helper to answer. Calls that are not named cost nothing: since Linux 5.11
// the kernel does not run the program for them. The program is pure; the rest is for the helper, which has
// one thread.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "qemu/sandbox/forbidden_calls.hpp"
#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// What a function's process gets.
enum class FilterKind : std::uint8_t {
  none,               ///< this kernel has no filters
  forbid,             ///< the forbidden calls
  forbid_and_notify,  ///< and sysinfo(2) is handed to the helper to answer
};

/// The program for a machine whose programs use these ABIs. What calls by another is answered ENOSYS.
[[nodiscard]] std::vector<sock_filter> filter_program(std::span<const Abi> abis, FilterKind kind);

/// The ABIs of this machine's kernel.
[[nodiscard]] std::span<const Abi> abis_here();

/// Whether this kernel takes filters; a failed step says why not.
[[nodiscard]] StepResult look_at_filters();
/// Whether a filter may hand sysinfo(2) over; a failed step says why not: the kernel does not know how
/// (before Linux 5.0), or a filter around this process does so already (EBUSY).
[[nodiscard]] StepResult look_at_notifications();

/// For this process and all that it starts, for good. Needs no-new-privileges. `listener` becomes the
/// descriptor to answer on, with FilterKind::forbid_and_notify.
[[nodiscard]] StepResult install_filter(FilterKind kind, int* listener);

}  // namespace lemu::sandbox
