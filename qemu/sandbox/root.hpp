// SPDX-License-Identifier: Apache-2.0
// The sandbox's root file system: a tmpfs with bound folders, made files and its own /proc, entered by
// pivot_root and sealed read-only. Called by PID 1 of the sandbox, in order.
#pragma once

#include "qemu/sandbox/source.hpp"
#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Nothing mounted from here on is seen outside.
StepResult make_mounts_private();
/// A tmpfs on `root_folder`, and every mount of the specification below it. Wanted mounts that the host
/// withholds are reported as lost. Leaves the helper in that folder.
/// `detached` holds what was opened outside the namespaces, and is used up.
StepResult build_root(const SandboxSpec& spec, const DetachedTrees& detached);
/// Makes the folder that build_root left the helper in the root, and lets the host's go.
StepResult enter_root();
/// Makes the root tmpfs read-only.
StepResult seal_root();

}  // namespace lemu::sandbox
