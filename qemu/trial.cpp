// SPDX-License-Identifier: Apache-2.0
#include "qemu/trial.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"
#include "qemu/errors.hpp"
#include "qemu/host_binfmt.hpp"
#include "qemu/losses.hpp"
#include "qemu/sandbox/launcher.hpp"
#include "qemu/sandbox/wrapper_paths.hpp"
#include "qemu/trial_program.hpp"

namespace lemu::qemu {
namespace {

using sandbox::Report;
using sandbox::ReportKind;
using Clock = std::chrono::steady_clock;

/// Follows one helper from its start to the program's end.
class Run : public sandbox::SandboxObserver {
 public:
  Run(Trial& trial, const sandbox::SandboxSpec& spec) : trial_(trial), spec_(spec) {}

  Status go(const std::string& helper, std::chrono::milliseconds patience) {
    Result<Pipe> log = make_pipe();
    LEMU_TRY(log);
    const Clock::time_point begun = Clock::now();
    Result<sandbox::HelperProcess> started =
        sandbox::HelperProcess::start(helper, spec_, std::move(log->write_end));
    LEMU_TRY(started);
    box_ = std::make_unique<sandbox::Sandbox>(context_, std::move(*started), *this);
    while (!decided_ && Clock::now() < begun + patience) context_.run_one_until(begun + patience);
    trial_.took = Clock::now() - begun;
    if (!decided_) trial_.ending = "gave no answer within " + std::to_string(patience.count()) + " ms";
    box_.reset();
    if (trial_.outcome == Outcome::wrong) trial_.said = first_line(log->read_end);
    return {};
  }

  [[nodiscard]] const std::vector<Report>& losses() const { return losses_; }

  void on_report(const Report& report, pid_t) override {
    switch (report.kind) {
      case ReportKind::ready: box_->start(); break;
      case ReportKind::lost: losses_.push_back(report); break;
      case ReportKind::failed:
        if (decided_) break;
        decided_ = true;
        trial_.outcome = Outcome::refused;
        trial_.stage = report.stage;
        trial_.os_error = report.os_error;
        trial_.step = step_text(report);
        break;
      case ReportKind::exited:
        if (!decided_) judge(report.wait_status);
        decided_ = true;
        break;
      case ReportKind::starting:
      case ReportKind::all_gone: break;
    }
  }
  void on_helper_gone() override {
    if (!decided_) trial_.ending = "lost its helper, which ended without a word";
    decided_ = true;
  }

 private:
  [[nodiscard]] std::string step_text(const Report& report) const {
    std::string text(sandbox::name_of(report.stage));
    if (report.stage == sandbox::Stage::mount && report.detail < spec_.mounts.size())
      text += " of " + spec_.mounts[report.detail].target;
    return text;
  }

  void judge(int wait_status) {
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kTrialExitCode) {
      trial_.outcome = Outcome::works;
      return;
    }
    trial_.ending = WIFEXITED(wait_status)
                        ? "ended with exit code " + std::to_string(WEXITSTATUS(wait_status))
                        : "was ended by signal " + std::to_string(WTERMSIG(wait_status));
  }

  static std::string first_line(const Fd& log) {
    // Its writers are gone, so this ends.
    std::string text(512, '\0');
    const Result<std::size_t> size = read_up_to(log.get(), std::as_writable_bytes(std::span(text)));
    text.resize(size ? *size : 0);
    return text.substr(0, text.find('\n'));
  }

  Trial& trial_;
  const sandbox::SandboxSpec& spec_;
  boost::asio::io_context context_{1};
  std::unique_ptr<sandbox::Sandbox> box_;
  std::vector<Report> losses_;
  bool decided_ = false;
};

Result<LaunchRequest> request_for(const TrialBench& bench, const Trial& trial, const std::string& folder) {
  constexpr std::uint64_t kTmp = 1 << 20;
  constexpr std::uint64_t kMemory = 128 << 20;
  LaunchRequest request;
  request.arch = trial.arch;
  request.sandbox = trial.sandbox;
  request.launch = trial.launch;
  request.bootstrap_file = folder + "/bootstrap";
  request.mount_point = folder + "/root";
  request.tmp_bytes = kTmp;
  request.memory_bytes = kMemory;
  request.wrapper = bench.wrapper;
  request.cpu = names_of(trial.arch).default_cpu;
  if (trial.arch == host_arch()) return request;
  if (!bench.emulator) return fail<"trial-without-qemu">(at<"arch">(names_of(trial.arch).lambda));
  request.emulator = bench.emulator;
  request.host_registration = bench.host_registration;
  Result<std::string> line = registration_line("lemu-" + std::string(names_of(trial.arch).lambda), trial.arch,
                                               sandbox::kWrapperPath);
  LEMU_TRY(line);
  request.binfmt_registration = std::move(*line);
  return request;
}

Status write_program(const std::string& folder, Arch arch) {
  const std::string path = folder + "/bootstrap";
  LEMU_TRY(write_file(path, trial_program(arch), 0755));
  // Whatever the umask: the function's user must read it, and the mount point must be there.
  if (::chmod(path.c_str(), 0755) < 0) return fail_errno<"trial-not-prepared">(errno, at<"path">(path));
  const std::string mount_point = folder + "/root";
  if (::mkdir(mount_point.c_str(), 0755) < 0)
    return fail_errno<"trial-not-prepared">(errno, at<"path">(mount_point));
  return {};
}

}  // namespace

std::string Trial::text() const {
  switch (outcome) {
    case Outcome::works: return "works";
    case Outcome::refused: return "refused at its step '" + step + "': " + ::strerror(os_error);
    case Outcome::wrong: return said.empty() ? ending : ending + ": " + said;
  }
  return {};
}

bool Trial::host_withholds_sandbox() const {
  if (sandbox == SandboxChoice::off || outcome != Outcome::refused) return false;
  switch (stage) {
    case sandbox::Stage::user_namespace:
    case sandbox::Stage::function_user:
      // A kernel without user namespaces answers EINVAL, a filter in its place ENOSYS.
      if (os_error == EINVAL || os_error == ENOSYS) return true;
      break;
    case sandbox::Stage::id_maps:
    case sandbox::Stage::private_mounts:
    case sandbox::Stage::root:
    case sandbox::Stage::mount:
    case sandbox::Stage::pivot_root:
    case sandbox::Stage::hostname:
    case sandbox::Stage::seal:
    case sandbox::Stage::proc:
    case sandbox::Stage::capabilities: break;
    case sandbox::Stage::specification:
    case sandbox::Stage::binfmt:
    case sandbox::Stage::fork:
    case sandbox::Stage::log:
    case sandbox::Stage::limits:
    case sandbox::Stage::oom_score:
    case sandbox::Stage::filter:
    case sandbox::Stage::working_folder:
    case sandbox::Stage::load:
    case sandbox::Stage::exec: return false;
  }
  return os_error == EPERM || os_error == EACCES;
}

Result<Trial> try_launch(const TrialBench& bench, Arch arch, SandboxChoice sandbox, LaunchChoice launch) {
  Trial trial;
  trial.arch = arch;
  trial.sandbox = sandbox;
  trial.launch = launch;
  Result<TemporaryFolder> folder = TemporaryFolder::make("lemu-doctor-", bench.parent);
  LEMU_TRY(folder);
  LEMU_TRY(write_program(folder->path(), arch));
  Result<LaunchRequest> request = request_for(bench, trial, folder->path());
  LEMU_TRY(request);
  Result<LaunchPlan> plan = plan_launch(*request, host_facts());
  LEMU_TRY(plan);
  set_environment(*plan, {});
  Run run(trial, plan->spec);
  LEMU_TRY(run.go(bench.helper, bench.patience));
  const Settled settled = settle(*plan, run.losses());
  trial.execution = settled.execution;
  trial.binfmt_error = settled.binfmt_error;
  trial.lost = std::move(plan->lost);
  return trial;
}

}  // namespace lemu::qemu
