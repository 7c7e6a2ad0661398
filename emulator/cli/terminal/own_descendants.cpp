// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/own_descendants.hpp"

#include <sys/prctl.h>

#include "qemu/sandbox/descendants.hpp"

namespace lemu::emulator::cli {

OwnDescendants::OwnDescendants() : not_ours_(sandbox::present_descendants()) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void OwnDescendants::end() const {
  sandbox::kill_and_reap_descendants([](pid_t, int, void*) {}, nullptr, not_ours_);
}

}  // namespace lemu::emulator::cli
