// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/host_sandbox.hpp"

namespace lemu::emulator {

void HostSandbox::judge(const Result<qemu::Trial>& trial) {
  if (decided() || !trial) return;
  if (trial->works()) verdict_ = Verdict::possible;
  if (trial->host_withholds_sandbox()) verdict_ = Verdict::impossible;
}

}  // namespace lemu::emulator
