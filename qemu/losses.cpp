// SPDX-License-Identifier: Apache-2.0
#include "qemu/losses.hpp"

#include <cerrno>
#include <cstring>

#include "qemu/guarantees.hpp"
#include "qemu/machine_files.hpp"

namespace lemu::qemu {
namespace {

std::string mount_loss(const sandbox::Mount& mount, int os_error) {
  const std::string why = ::strerror(os_error);
  if (mount.kind == sandbox::MountKind::proc) return loss_of(Guarantee::own_proc, why);
  if (mount.target == kMemoryFile) return loss_of(Guarantee::own_memory_figures, why);
  return mount.target + " of its own (" + why + ")";
}

std::string notification_refusal(int os_error) {
  if (os_error == EBUSY) return "a filter around lemu already hands system calls to a program";
  if (os_error == EINVAL || os_error == ENOSYS) return "it needs Linux 5.0";
  return ::strerror(os_error);
}

void lose_filter(LaunchPlan& plan, const sandbox::Report& loss) {
  if (loss.detail == static_cast<std::uint32_t>(sandbox::FilterPart::sysinfo)) {
    plan.lost.push_back(loss_of(Guarantee::own_memory_figures, notification_refusal(loss.os_error)));
    return;
  }
  for (const Guarantee guarantee : {Guarantee::own_keyring, Guarantee::system_call_filter})
    plan.lost.push_back(loss_of(guarantee, ::strerror(loss.os_error)));
  if (plan.spec.memory_bytes != 0)
    plan.lost.push_back(loss_of(Guarantee::own_memory_figures, ::strerror(loss.os_error)));
}

}  // namespace

Settled settle(LaunchPlan& plan, const std::vector<sandbox::Report>& losses) {
  Settled settled{plan.execution};
  for (const sandbox::Report& loss : losses) {
    if (loss.stage == sandbox::Stage::binfmt) {
      settled = {plan.fallback, loss.os_error};
    } else if (loss.stage == sandbox::Stage::function_user) {
      for (const Guarantee guarantee : {Guarantee::no_namespaces, Guarantee::watch_limit})
        plan.lost.push_back(loss_of(guarantee, ::strerror(loss.os_error)));
    } else if (loss.stage == sandbox::Stage::filter) {
      lose_filter(plan, loss);
    } else if (loss.stage == sandbox::Stage::oom_score) {
      plan.lost.push_back(loss_of(Guarantee::ended_first, ::strerror(loss.os_error)));
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
