// SPDX-License-Identifier: Apache-2.0
// The guard: where there is no PID namespace, a second process that ends a function's processes, for the case
// that the first, the helper, is stopped or killed. A function without a sandbox is the same user and can do
// that to each of them, but must then find and end both before either of them, or lemu, acts.
#pragma once

#include <string>

#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Forks. Returns in the child, which becomes the helper; the parent is the guard from then on, and does not
/// return. It ends when the helper has ended, with everything below it; when lemu has ended, which the
/// control socket tells, it sees to it that the helper does what it then has to.
/// Removes the function's control group in the end.
StepResult fork_behind_guard(const std::string& cgroup);

}  // namespace lemu::sandbox
