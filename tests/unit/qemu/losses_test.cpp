// SPDX-License-Identifier: Apache-2.0
#include "qemu/losses.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "qemu/guarantees.hpp"

using namespace lemu;
using namespace lemu::qemu;

namespace {

sandbox::Report lost_at(sandbox::Stage stage, int os_error, std::uint32_t detail = 0) {
  sandbox::Report report;
  report.kind = sandbox::ReportKind::lost;
  report.stage = stage;
  report.os_error = os_error;
  report.detail = detail;
  return report;
}

LaunchPlan private_plan(ExecutionMode fallback) {
  LaunchPlan plan;
  plan.execution = ExecutionMode::private_binfmt;
  plan.fallback = fallback;
  plan.spec.mounts = {{.kind = sandbox::MountKind::proc, .target = "/proc"},
                      {.kind = sandbox::MountKind::bind, .target = "/dev/zero"}};
  return plan;
}

}  // namespace

TEST_CASE("nothing lost: the plan as it was") {
  LaunchPlan plan = private_plan(ExecutionMode::direct);
  const Settled settled = settle(plan, {});
  CHECK(settled.execution == ExecutionMode::private_binfmt);
  CHECK(settled.binfmt_error == 0);
  CHECK(plan.lost.empty());
}

TEST_CASE("a lost registration: the fallback, and what it lacks") {
  LaunchPlan direct = private_plan(ExecutionMode::direct);
  const Settled by_qemu = settle(direct, {lost_at(sandbox::Stage::binfmt, EPERM)});
  CHECK(by_qemu.execution == ExecutionMode::direct);
  CHECK(by_qemu.binfmt_error == EPERM);
  CHECK(is_lost(Guarantee::own_children, direct.lost));

  LaunchPlan registered = private_plan(ExecutionMode::host_binfmt);
  CHECK(settle(registered, {lost_at(sandbox::Stage::binfmt, EPERM)}).execution == ExecutionMode::host_binfmt);
  CHECK(registered.lost.empty());
}

TEST_CASE("each lost step is said in the table's words") {
  LaunchPlan plan = private_plan(ExecutionMode::direct);
  settle(plan, {lost_at(sandbox::Stage::mount, EPERM, 0), lost_at(sandbox::Stage::mount, ENOENT, 1),
                lost_at(sandbox::Stage::function_user, EROFS), lost_at(sandbox::Stage::mount, EPERM, 99)});
  std::string why;
  CHECK(is_lost(Guarantee::own_proc, plan.lost, &why));
  CHECK(why == "Operation not permitted");
  CHECK(is_lost(Guarantee::no_namespaces, plan.lost, &why));
  CHECK(why == "Read-only file system");
  CHECK(plan.lost.size() == 3);
  CHECK(plan.lost[1] == "/dev/zero of its own (No such file or directory)");
}
