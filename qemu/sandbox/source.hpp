// SPDX-License-Identifier: Apache-2.0
// What a bind mount shows: opened once, compared with what lemu looked at, and attached by descriptor, so
// that nobody can exchange it between the look and the mount. Called by the helper, on both sides of its
// namespaces.
#pragma once

#include <vector>

#include "qemu/sandbox/spec.hpp"

namespace lemu::sandbox {

/// Detached copies of the mount trees that a specification binds, by the index of the mount; -1 where there
/// is none. Close-on-exec.
using DetachedTrees = std::vector<int>;

/// Copies every source while the caller still has its own rights. A user namespace that does not map a
/// folder's owner has no right to walk through it, so root calls this before it enters one. What cannot be
/// copied (an ordinary user may not; Linux before 5.2 cannot) stays -1, and is opened by its path later.
DetachedTrees detach_sources(const SandboxSpec& spec);
void close_all(const DetachedTrees& trees);

/// A source ready to be attached. Close-on-exec.
struct Source {
  enum class Kind {
    tree,  ///< a detached copy of a mount tree
    file,  ///< the file itself: the kernel, or a filter, knows no detached trees
  };
  int fd = -1;
  Kind kind = Kind::file;
};

/// Takes `detached`, or opens the source by its path where that is -1. On failure `fd` is -1 and errno set;
/// ESTALE: the source is not the file that `mount.identity` describes.
Source open_source(const Mount& mount, int detached);
/// Mounts it at `target`, with all that is mounted below it, and closes it. What the host mounts there later
/// does appear; what is mounted here never appears on the host. Returns false with errno set.
bool attach_source(const Source& source, const char* target);
void close_source(const Source& source);

}  // namespace lemu::sandbox
