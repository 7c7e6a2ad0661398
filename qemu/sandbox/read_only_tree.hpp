// SPDX-License-Identifier: Apache-2.0
// Taking the right to write, set-user-id and devices from a bound folder and from all that is mounted below
// it.
#pragma once

namespace lemu::sandbox {

/// Whether programs may be executed from the tree.
enum class Programs { may_run, may_not_run };

/// For a mount point of the caller's own mount namespace, as a path from its working folder; false with errno
/// set. At once where the kernel has mount_setattr(2) (Linux 5.12), else mount by mount.
bool make_tree_read_only(const char* target, Programs programs);

}  // namespace lemu::sandbox
