// SPDX-License-Identifier: Apache-2.0
// lemu-sandbox: makes one execution environment and stays as its functions' parent. Started by lemu only,
// with an empty environment, the control socket as descriptor 3 and the log pipe as 4.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "qemu/sandbox/binfmt.hpp"
#include "qemu/sandbox/cgroup.hpp"
#include "qemu/sandbox/filter.hpp"
#include "qemu/sandbox/function_user.hpp"
#include "qemu/sandbox/guard.hpp"
#include "qemu/sandbox/init.hpp"
#include "qemu/sandbox/namespaces.hpp"
#include "qemu/sandbox/proc.hpp"
#include "qemu/sandbox/root.hpp"
#include "qemu/sandbox/shared_objects.hpp"

namespace {

using namespace lemu::sandbox;

bool receive(void* into, std::size_t size) {
  return ::recv(kControlFd, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

StepResult read_specification(SandboxSpec* spec) {
  std::uint32_t size = 0;
  errno = EPROTO;
  if (!receive(&size, sizeof size) || size > kMaxSpecBytes) return failed_at(Stage::specification);
  std::string bytes(size, '\0');
  if (!receive(bytes.data(), size)) return failed_at(Stage::specification);
  std::optional<SandboxSpec> decoded = decode(bytes);
  errno = EPROTO;
  if (!decoded) return failed_at(Stage::specification);
  *spec = std::move(*decoded);
  return done();
}

/// The terminal's signals are lemu's to handle; the helper ends when lemu does.
void set_signals() {
  // A parent that ignores SIGCHLD hands that down, and ended children would then vanish without a word; see
  // wait(2).
  ::signal(SIGCHLD, SIG_DFL);
  for (int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE})
    ::signal(number, SIG_IGN);
}

StepResult hostname(const SandboxSpec& spec) {
  if (::sethostname(spec.hostname.data(), spec.hostname.size()) < 0) return failed_at(Stage::hostname);
  return done();
}

void tell_loss(const StepResult& step) {
  if (step.failed()) send_step(ReportKind::lost, step);
}

/// Without its private registration the function runs by QEMU directly, where the plan allows it.
StepResult choose_execution(const SandboxSpec& spec, Execution* execution) {
  if (!spec.binfmt) return done();
  const StepResult step = register_binfmt(*spec.binfmt);
  if (!step.failed()) return done();
  if (spec.binfmt->need == Need::required || !spec.direct) return step;
  send_step(ReportKind::lost, step);
  *execution = Execution::direct;
  return done();
}

/// What this kernel can do. From here on a filter that cannot be installed is a failure.
FilterKind choose_filter(const SandboxSpec& spec) {
  const StepResult filter = look_at_filters();
  tell_loss(filter);
  if (filter.failed()) return FilterKind::none;
  if (spec.memory_bytes == 0 || spec.isolation == Isolation::plain) return FilterKind::forbid;
  const StepResult notifications = look_at_notifications();
  tell_loss(notifications);
  return notifications.failed() ? FilterKind::forbid : FilterKind::forbid_and_notify;
}

[[noreturn]] void fail(const StepResult& step) {
  send_step(ReportKind::failed, step);
  ::_exit(1);
}

/// The kernel ends the function before lemu, and before anything else of the user. The helper is offered with
/// it: it takes next to no memory, and ends with its function in any case.
StepResult offer_to_oom_killer() {
  return write_existing("/proc/self/oom_score_adj", "1000", 4) ? done() : failed_at(Stage::oom_score);
}

/// The whole launch, in order.
StepResult make_sandbox(const SandboxSpec& spec, const DetachedTrees& detached, Execution* execution) {
  StepResult step = make_mounts_private();
  if (!step.failed()) step = build_root(spec, detached);
  if (!step.failed()) step = enter_root();
  if (!step.failed()) step = choose_execution(spec, execution);
  if (!step.failed()) step = hostname(spec);
  if (!step.failed()) step = seal_root();
  if (!step.failed() && spec.shared_memory != 0) limit_shared_objects(spec.shared_memory);
  if (!step.failed()) step = seal_proc();
  if (!step.failed()) tell_loss(look_at_namespace_limits());
  return step;
}

/// The half of the helper that stays outside the namespaces: holds nothing and waits.
[[noreturn]] void wait_outside(int child, const std::string& cgroup) {
  for (const int fd : {kControlFd, kLogFd, kProcFd}) ::close(fd);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  remove_cgroup(cgroup);
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--version") == 0) {
    std::puts("lemu-sandbox " LEMU_VERSION);
    return 0;
  }
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kControlFd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
    std::fputs("lemu-sandbox is started by lemu, not by hand. See: lemu invoke --help\n", stderr);
    return 2;
  }
  for (int fd : {kControlFd, kLogFd}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  // What lemu's caller, or a library, left open in lemu is not the helper's to hold.
  ::syscall(SYS_close_range, kLogFd + 1, ~0U, 0);
  set_signals();

  const StepResult offered = offer_to_oom_killer();
  SandboxSpec spec;
  StepResult step = read_specification(&spec);
  if (step.failed()) fail(step);

  open_cgroup(spec.cgroup);
  Execution execution = Execution::normal;
  if (spec.isolation == Isolation::namespaces) {
    Side side = Side::outside;
    int child = -1;
    keep_proc("/proc");
    DetachedTrees detached;
    if (::geteuid() == 0) detached = detach_sources(spec);
    step = enter_namespaces(spec, &side, &child);
    if (step.failed()) fail(step);
    if (side == Side::outside) {
      close_all(detached);
      wait_outside(child, spec.cgroup);
    }
    step = make_sandbox(spec, detached, &execution);
    if (step.failed()) fail(step);
  } else {
    step = fork_behind_guard(spec.cgroup);
    if (step.failed()) fail(step);
  }
  tell_loss(offered);
  const FilterKind filter = choose_filter(spec);
  send_step(ReportKind::ready, done());
  serve_commands(spec, execution, filter);
}
