// SPDX-License-Identifier: Apache-2.0
// The helper's part in a function's control group: the function's first process enters it before anything of
// the function runs, and its children are born there. The group's files are the host's: they are opened
// before the namespaces are entered, and the group is removed from outside them.
#pragma once

#include <string>

namespace lemu::sandbox {

/// Opens what enter_cgroup() writes to, as kCgroupFd. Without it the function goes on in the helper's group.
void open_cgroup(const std::string& folder);
/// Of the calling process. Nothing happens where no group was opened; who made the group looks who is in it.
void enter_cgroup();
/// Once nothing runs in it any more.
void remove_cgroup(const std::string& folder);

}  // namespace lemu::sandbox
