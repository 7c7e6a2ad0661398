// SPDX-License-Identifier: Apache-2.0
// The built helper with real programs of the host: how each ending is reported, in every isolation.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/syscall.hpp"
#include "qemu/launch_plan.hpp"
#include "qemu/sandbox/launcher.hpp"

using namespace lemu;

namespace {

struct Recorder : sandbox::SandboxObserver {
  std::vector<sandbox::Report> reports;
  std::vector<pid_t> senders;
  bool gone = false;

  void on_report(const sandbox::Report& report, pid_t sender) override {
    reports.push_back(report);
    senders.push_back(sender);
  }
  void on_helper_gone() override { gone = true; }

  [[nodiscard]] const sandbox::Report* find(sandbox::ReportKind kind) const {
    for (const sandbox::Report& report : reports)
      if (report.kind == kind) return &report;
    return nullptr;
  }
};

/// One helper running one shell command of the host.
struct Run {
  std::string folder;
  boost::asio::io_context context;
  Recorder recorder;
  std::unique_ptr<sandbox::Sandbox> box;
  Fd log;

  Run(qemu::SandboxChoice choice, const std::string& command) {
    char pattern[] = "/tmp/lemu-test-XXXXXX";
    folder = ::mkdtemp(pattern);
    std::filesystem::create_directories(folder + "/root");
    std::filesystem::create_directories(folder + "/code");
    qemu::LaunchRequest request;
    request.arch = host_arch();
    request.sandbox = choice;
    request.task_folder = folder + "/code";
    request.root = {qemu::SystemSource::host, ""};
    request.mount_point = folder + "/root";
    request.tmp_bytes = 1 << 20;
    request.shell = {"/bin/sh", "-c", command};
    Result<qemu::LaunchPlan> plan = qemu::plan_launch(request, qemu::host_facts());
    REQUIRE(plan);
    plan->spec.environment = {"PATH=/usr/bin:/bin", "WHO=function"};
    Result<Pipe> pipe = make_pipe();
    REQUIRE(pipe);
    log = std::move(pipe->read_end);
    Result<sandbox::HelperProcess> started =
        sandbox::HelperProcess::start(LEMU_SANDBOX_HELPER, plan->spec, std::move(pipe->write_end));
    REQUIRE(started);
    box = std::make_unique<sandbox::Sandbox>(context, std::move(*started), recorder);
  }
  ~Run() {
    box.reset();
    std::filesystem::remove_all(folder);
  }

  const sandbox::Report* wait_for(sandbox::ReportKind kind) {
    while (!recorder.gone && recorder.find(kind) == nullptr &&
           recorder.find(sandbox::ReportKind::failed) == nullptr)
      if (context.run_one() == 0) context.restart();
    if (const sandbox::Report* failed = recorder.find(sandbox::ReportKind::failed)) {
      MESSAGE("failed at " << sandbox::name_of(failed->stage) << " " << failed->detail << " errno "
                           << failed->os_error);
    }
    return recorder.find(kind);
  }

  std::string output() {
    box.reset();
    std::string text;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::read(log.get(), buffer, sizeof buffer)) > 0)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }
};

bool namespaces_work() {
  Run run(qemu::SandboxChoice::on, "true");
  return run.wait_for(sandbox::ReportKind::ready) != nullptr;
}

std::vector<qemu::SandboxChoice> choices() {
  std::vector<qemu::SandboxChoice> all{qemu::SandboxChoice::off};
  if (namespaces_work())
    all.push_back(qemu::SandboxChoice::on);
  else
    MESSAGE("skipped: user namespaces are refused here");
  return all;
}

}  // namespace

TEST_CASE("every ending of a program is reported as it was") {
  struct Row {
    const char* command;
    int exit_code;  ///< -1: by signal
    int signal;
  };
  const Row rows[] = {
      {"exit 0", 0, 0},
      {"exit 3", 3, 0},
      {"kill -ABRT $$", -1, SIGABRT},
      {"kill -SEGV $$", -1, SIGSEGV},
      {"kill -TERM $$", -1, SIGTERM},
      {"kill -KILL $$", -1, SIGKILL},
  };
  for (qemu::SandboxChoice choice : choices()) {
    for (const Row& row : rows) {
      CAPTURE(static_cast<int>(choice));
      CAPTURE(row.command);
      Run run(choice, row.command);
      REQUIRE(run.wait_for(sandbox::ReportKind::ready) != nullptr);
      run.box->start();
      const sandbox::Report* exited = run.wait_for(sandbox::ReportKind::exited);
      REQUIRE(exited != nullptr);
      if (row.exit_code >= 0) {
        REQUIRE(WIFEXITED(exited->wait_status));
        CHECK(WEXITSTATUS(exited->wait_status) == row.exit_code);
      } else {
        REQUIRE(WIFSIGNALED(exited->wait_status));
        CHECK(WTERMSIG(exited->wait_status) == row.signal);
      }
      const sandbox::Report* starting = run.recorder.find(sandbox::ReportKind::starting);
      REQUIRE(starting != nullptr);
      CHECK(starting->time_ns <= exited->time_ns);
    }
  }
}

TEST_CASE("an ending is reported though our parent ignored SIGCHLD") {
  for (qemu::SandboxChoice choice : choices()) {
    CAPTURE(static_cast<int>(choice));
    ::signal(SIGCHLD, SIG_IGN);
    Run run(choice, "exit 3");
    ::signal(SIGCHLD, SIG_DFL);
    REQUIRE(run.wait_for(sandbox::ReportKind::ready) != nullptr);
    run.box->start();
    const sandbox::Report* exited = run.wait_for(sandbox::ReportKind::exited);
    REQUIRE(exited != nullptr);
    CHECK(WEXITSTATUS(exited->wait_status) == 3);
  }
}

TEST_CASE("a daemonised process keeps nobody waiting and does not outlive the sandbox") {
  for (qemu::SandboxChoice choice : choices()) {
    CAPTURE(static_cast<int>(choice));
    Run run(choice, "(setsid sleep 1000 &) ; sleep 1000 & echo started; exit 0");
    REQUIRE(run.wait_for(sandbox::ReportKind::ready) != nullptr);
    run.box->start();
    REQUIRE(run.wait_for(sandbox::ReportKind::exited) != nullptr);
    // Reading to the end of the log returns only when no process holds its writing end.
    CHECK(run.output() == "started\n");
  }
}

TEST_CASE("kill_all leaves nothing, and the program can be started again") {
  for (qemu::SandboxChoice choice : choices()) {
    CAPTURE(static_cast<int>(choice));
    Run run(choice, "sleep 1000 & sleep 1000");
    REQUIRE(run.wait_for(sandbox::ReportKind::ready) != nullptr);
    for (int round = 0; round < 3; ++round) {
      run.recorder.reports.clear();
      run.box->start();
      REQUIRE(run.wait_for(sandbox::ReportKind::starting) != nullptr);
      run.box->kill_all();
      REQUIRE(run.wait_for(sandbox::ReportKind::all_gone) != nullptr);
      const sandbox::Report* exited = run.recorder.find(sandbox::ReportKind::exited);
      REQUIRE(exited != nullptr);
      CHECK(WTERMSIG(exited->wait_status) == SIGKILL);
    }
  }
}

TEST_CASE("a function that stops its helper holds nobody up") {
  Run run(qemu::SandboxChoice::off, "kill -STOP $PPID; echo stopped; exec sleep 1000");
  REQUIRE(run.wait_for(sandbox::ReportKind::ready) != nullptr);
  run.box->start();
  char word[8];
  REQUIRE(::read(run.log.get(), word, sizeof word) == static_cast<ssize_t>(sizeof word));
  run.box->kill_all();
  CHECK(run.wait_for(sandbox::ReportKind::all_gone) != nullptr);
  run.box->start();
  REQUIRE(::read(run.log.get(), word, sizeof word) == static_cast<ssize_t>(sizeof word));
  CHECK(run.output().empty());  // returns when the helper and the function are gone
}

TEST_CASE("inside the sandbox the function is 993:990 without a privilege") {
  if (!namespaces_work()) {
    MESSAGE("skipped: user namespaces are refused here");
    return;
  }
  Run run(qemu::SandboxChoice::on,
          "id -u; id -g; grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status; ls "
          "/proc/self/fd | wc -l;"
          "cat /proc/1/environ 2>&1 >/dev/null | grep -c denied; ls /proc/1/fd 2>&1 | grep -c denied;"
          "(echo x > /proc/sys/kernel/core_pattern) 2>/dev/null || echo refused;"
          "unshare -U true 2>/dev/null || echo no-userns; touch /x 2>/dev/null || echo sealed;"
          "touch /var/task/x 2>/dev/null || echo code-sealed; pwd; hostname; ls -d /home /root 2>/dev/null; "
          "ls /tmp");
  REQUIRE(run.wait_for(sandbox::ReportKind::ready) != nullptr);
  run.box->start();
  REQUIRE(run.wait_for(sandbox::ReportKind::exited) != nullptr);
  const std::string none = "\t0000000000000000\n";
  CHECK(run.output() == "993\n990\nCapInh:" + none + "CapPrm:" + none + "CapEff:" + none + "CapBnd:" + none +
                            "CapAmb:" + none +
                            "NoNewPrivs:\t1\n4\n1\n1\nrefused\nno-userns\nsealed\n"
                            "code-sealed\n/var/task\nsandbox\n");
}
