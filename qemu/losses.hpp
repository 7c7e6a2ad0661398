// SPDX-License-Identifier: Apache-2.0
// What became of a launch plan's wishes: the helper's reports of lost steps, put into the words of the
// guarantee table. Pure; any thread.
#pragma once

#include <vector>

#include "qemu/launch_plan.hpp"

namespace lemu::qemu {

struct Settled {
  ExecutionMode execution = ExecutionMode::native;
  int binfmt_error = 0;  ///< why a wanted private binfmt_misc was not had
};

/// Adds what the helper reported as lost to `plan.lost`; how the function is then executed.
Settled settle(LaunchPlan& plan, const std::vector<sandbox::Report>& losses);

}  // namespace lemu::qemu
