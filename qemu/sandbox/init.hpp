// SPDX-License-Identifier: Apache-2.0
// The bootstrap's parent: starts it, reaps everything, delivers signals, reports how it ended, and takes
// everything along when lemu goes. PID 1 of the sandbox's PID namespace, or a child subreaper without one.
#pragma once

#include "qemu/sandbox/filter.hpp"
#include "qemu/sandbox/step.hpp"

namespace lemu::sandbox {

/// Which of the specification's programs a start runs.
enum class Execution { normal, direct };

/// Serves commands until lemu's end of the control socket closes; does not return.
[[noreturn]] void serve_commands(const SandboxSpec& spec, Execution execution, FilterKind filter);

}  // namespace lemu::sandbox
