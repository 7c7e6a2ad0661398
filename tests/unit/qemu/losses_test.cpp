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
  CHECK(is_lost(Guarantee::watch_limit, plan.lost, &why));
  CHECK(plan.lost.size() == 4);
  CHECK(plan.lost[1] == "/dev/zero of its own (No such file or directory)");
}

TEST_CASE("without a filter nothing answers for memory") {
  LaunchPlan plan = private_plan(ExecutionMode::direct);
  plan.spec.memory_bytes = 1 << 20;
  settle(plan, {lost_at(sandbox::Stage::filter, ENOSYS)});
  CHECK(is_lost(Guarantee::own_memory_figures, plan.lost));
}

TEST_CASE("what a kernel without filters, or with old ones, takes") {
  using sandbox::FilterPart;
  struct Row {
    sandbox::Stage stage;
    int os_error;
    FilterPart part;
    std::vector<std::string> lost;
  };
  const Row rows[] = {
      {sandbox::Stage::filter,
       EINVAL,
       FilterPart::all,
       {"none of your keys (Invalid argument)", "a system call filter (Invalid argument)"}},
      {sandbox::Stage::filter,
       EINVAL,
       FilterPart::sysinfo,
       {"memory figures of its own (it needs Linux 5.0)"}},
      {sandbox::Stage::filter,
       EBUSY,
       FilterPart::sysinfo,
       {"memory figures of its own (a filter around lemu already hands system calls to a program)"}},
      {sandbox::Stage::oom_score,
       EACCES,
       FilterPart::all,
       {"being ended first when the machine's memory runs out (Permission denied)"}},
  };
  for (const Row& row : rows) {
    LaunchPlan plan = private_plan(ExecutionMode::direct);
    settle(plan, {lost_at(row.stage, row.os_error, static_cast<std::uint32_t>(row.part))});
    CHECK(plan.lost == row.lost);
    CHECK(diminishes_sandbox(plan.lost) == (row.part == FilterPart::all));
  }
}
