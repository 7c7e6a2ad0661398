// SPDX-License-Identifier: Apache-2.0
// Files and folders at places that a user names, among what other users may have put there. Whoever owns a
// folder on the way to a file, or may write in it, can put another file in its place: such places are
// refused. Blocking; any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu {

/// Fails when the folder of `path`, or one above it, or a link on the way, is neither this user's nor root's;
/// or when others may write such a folder, unless it is sticky, as /tmp is. A group that is this user's alone
/// (its id is the user's) is not others.
[[nodiscard]] Status check_way_to(const std::string& path);

/// Opens for writing, from its beginning, a file that is this user's or root's, or makes it; see
/// check_way_to. Links, pipes and devices are as the user named them: "/dev/stdout" works.
[[nodiscard]] Result<Fd> open_named_file(const std::string& path, mode_t mode);

/// Opens or makes a file for this user alone, whatever the umask; no link is followed. `flags` as open(2)'s.
[[nodiscard]] Result<Fd> open_private_file(const std::string& path, int flags);

/// Makes the folder and what leads there, each for this user alone, whatever the umask. What is there stays
/// as it is. Fails where check_way_to() would for a file in it.
[[nodiscard]] Status make_private_folders(const std::string& path);

/// At no time there is a file that holds only a part; see check_way_to. A mode of 0600 is given whatever the
/// umask.
[[nodiscard]] Status write_file_atomically(const std::string& path, std::string_view content,
                                           mode_t mode = 0644);

}  // namespace lemu
