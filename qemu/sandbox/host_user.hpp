// SPDX-License-Identifier: Apache-2.0
// Which user of the host stands behind a function. Asked by lemu and by its helper, which have the same user.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {

/// Whether an ordinary user calls themselves root, with no second id to give away: `unshare -r`, bubblewrap.
/// (Where our root is the root of the namespace above, as on the host itself, the function must never be it.)
[[nodiscard]] bool is_root_in_name_only(std::uint32_t function_id);

/// The user that the host takes the function for.
[[nodiscard]] uid_t host_user_of(const SandboxSpec& spec);

}  // namespace lemu::sandbox
