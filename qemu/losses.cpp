// SPDX-License-Identifier: Apache-2.0
#include "qemu/losses.hpp"

#include <cstring>

#include "qemu/guarantees.hpp"

namespace lemu::qemu {
namespace {

std::string mount_loss(const sandbox::Mount& mount, int os_error) {
  const std::string why = ::strerror(os_error);
  if (mount.kind == sandbox::MountKind::proc) return loss_of(Guarantee::own_proc, why);
  return mount.target + " of its own (" + why + ")";
}

}  // namespace

Settled settle(LaunchPlan& plan, const std::vector<sandbox::Report>& losses) {
  Settled settled{plan.execution};
  for (const sandbox::Report& loss : losses) {
    if (loss.stage == sandbox::Stage::binfmt) {
      settled = {plan.fallback, loss.os_error};
    } else if (loss.stage == sandbox::Stage::function_user) {
      plan.lost.push_back(loss_of(Guarantee::no_namespaces, ::strerror(loss.os_error)));
    } else if (loss.stage == sandbox::Stage::mount && loss.detail < plan.spec.mounts.size()) {
      plan.lost.push_back(mount_loss(plan.spec.mounts[loss.detail], loss.os_error));
    }
  }
  // A plan that was direct from the beginning has said so itself.
  if (settled.binfmt_error != 0 && settled.execution == ExecutionMode::direct)
    plan.lost.push_back(loss_of(Guarantee::own_children));
  return settled;
}

}  // namespace lemu::qemu
