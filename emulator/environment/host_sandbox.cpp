// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/host_sandbox.hpp"

namespace lemu::emulator {

void HostSandbox::judge(const Result<qemu::Trial>& trial) {
  if (decided() || !trial) return;
  if (trial->works()) verdict_ = Verdict::possible;
  if (trial->host_withholds_sandbox()) verdict_ = Verdict::impossible;
}

AfterRefusal after_refusal(const Error& refusal, qemu::SandboxChoice asked, uid_t user,
                           const HostSandbox& host) {
  if (refusal.slug != "sandbox-refused" || asked != qemu::SandboxChoice::automatic) return AfterRefusal::tell;
  if (user == 0) return AfterRefusal::tell_root;
  if (!host.decided()) return AfterRefusal::try_host;
  return host.impossible() ? AfterRefusal::go_without : AfterRefusal::tell;
}

}  // namespace lemu::emulator
