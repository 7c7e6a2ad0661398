// SPDX-License-Identifier: Apache-2.0
// How long one sandbox takes, from the spawn of what makes it to the first instruction of the program in it:
//
//     perf_sandbox_time lemu|bubblewrap PROGRAM HELPER MOUNT_POINT
//
// prints microseconds. PROGRAM is the built stamp.c. Both make the mounts of the same launch plan; bubblewrap
// makes one user namespace where lemu makes two. And
//
//     perf_sandbox_time bubblewrap-command PROGRAM FOLDER MOUNT_POINT
//
// prints bubblewrap's words for such a sandbox, each ended by NUL; files for it are written to FOLDER.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/syscall.hpp"
#include "qemu/launch_plan.hpp"
#include "qemu/sandbox/launcher.hpp"

namespace {

using namespace lemu;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "perf_sandbox_time: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

long long now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

sandbox::SandboxSpec plan(const std::string& program, const std::string& mount_point) {
  qemu::LaunchRequest request;
  request.arch = host_arch();
  request.sandbox = qemu::SandboxChoice::on;
  request.bootstrap_file = program;
  request.root = {qemu::SystemSource::host, ""};
  request.mount_point = mount_point;
  request.tmp_bytes = 512 << 20;
  qemu::LaunchPlan plan = must(qemu::plan_launch(request, qemu::host_facts()));
  qemu::set_environment(plan, {"PATH=/usr/bin:/bin"});
  return std::move(plan.spec);
}

/// When the program started, as it says.
long long read_stamp(const Fd& from) {
  char text[64] = {};
  const std::size_t size = must(read_up_to(from.get(), std::as_writable_bytes(std::span<char>(text, 63))));
  if (size == 0) give_up("the program said nothing");
  return std::strtoll(text, nullptr, 10);
}

class Starter : public sandbox::SandboxObserver {
 public:
  void on_report(const sandbox::Report& report, pid_t) override {
    if (report.kind == sandbox::ReportKind::ready) box->start();
    if (report.kind == sandbox::ReportKind::failed) give_up("the sandbox was refused");
    if (report.kind == sandbox::ReportKind::exited) ended = true;
  }
  void on_helper_gone() override { give_up("the helper ended"); }
  std::unique_ptr<sandbox::Sandbox> box;
  bool ended = false;
};

long long time_lemu(const sandbox::SandboxSpec& spec, const std::string& helper) {
  boost::asio::io_context context(1);
  Pipe log = must(make_pipe());
  Starter starter;
  const long long begun = now_ns();
  starter.box = std::make_unique<sandbox::Sandbox>(
      context, must(sandbox::HelperProcess::start(helper, spec, std::move(log.write_end))), starter);
  while (!starter.ended) context.run_one();
  starter.box.reset();
  return read_stamp(log.read_end) - begun;
}

/// A made file as bubblewrap can take it: a memory file's descriptor, or, to be used many times, a file in
/// `folder`.
std::vector<std::string> file_words(const sandbox::Mount& mount, const std::string& folder) {
  if (!folder.empty()) {
    std::string name = mount.target;
    std::replace(name.begin(), name.end(), '/', '_');
    if (!write_file(folder + "/" + name, mount.source)) give_up("cannot write to " + folder);
    return {"--ro-bind", folder + "/" + name, mount.target};
  }
  const int fd = ::memfd_create("file", 0);
  if (fd < 0 || !write_all(fd, mount.source)) give_up("cannot make a file in memory");
  ::lseek(fd, 0, SEEK_SET);
  return {"--file", std::to_string(fd), mount.target};
}

void append_mount(std::vector<std::string>& words, const sandbox::Mount& mount, const std::string& folder) {
  const auto add = [&words](std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  char mode[16];
  std::snprintf(mode, sizeof mode, "%o", mount.mode);
  switch (mount.kind) {
    case sandbox::MountKind::bind:
      add({mount.access == sandbox::MountAccess::read_only ? "--ro-bind" : "--dev-bind", mount.source,
           mount.target});
      return;
    case sandbox::MountKind::tmpfs:
      add({"--perms", mode, "--size", std::to_string(mount.size), "--tmpfs", mount.target});
      return;
    case sandbox::MountKind::proc: add({"--proc", mount.target}); return;
    case sandbox::MountKind::folder: add({"--perms", mode, "--dir", mount.target}); return;
    case sandbox::MountKind::cover:
    case sandbox::MountKind::file: add(file_words(mount, folder)); return;
    case sandbox::MountKind::symlink: add({"--symlink", mount.source, mount.target}); return;
    case sandbox::MountKind::hidden: return;  // bubblewrap would make what is not there
  }
}

std::vector<std::string> bubblewrap_command(const sandbox::SandboxSpec& spec,
                                            const std::string& folder = {}) {
  std::vector<std::string> words = {"/usr/bin/bwrap",
                                    "--unshare-user",
                                    "--unshare-pid",
                                    "--unshare-ipc",
                                    "--unshare-uts",
                                    "--hostname",
                                    spec.hostname,
                                    "--uid",
                                    "993",
                                    "--gid",
                                    "990",
                                    "--cap-drop",
                                    "ALL",
                                    "--die-with-parent"};
  for (const sandbox::Mount& mount : spec.mounts) append_mount(words, mount, folder);
  words.insert(words.end(), {"--remount-ro", "/", "--chdir", spec.working_folder, spec.normal.path});
  return words;
}

long long time_bubblewrap(const sandbox::SandboxSpec& spec) {
  const std::vector<std::string> words = bubblewrap_command(spec);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pipe out = must(make_pipe());
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
  char* const environment[] = {nullptr};
  pid_t pid = -1;
  const long long begun = now_ns();
  if (::posix_spawn(&pid, "/usr/bin/bwrap", &actions, nullptr, arguments.data(), environment) != 0)
    give_up("bubblewrap is not installed");
  ::posix_spawn_file_actions_destroy(&actions);
  out.write_end.reset();
  const long long stamp = read_stamp(out.read_end);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) give_up("bubblewrap failed");
  return stamp - begun;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) give_up("usage: perf_sandbox_time lemu|bubblewrap PROGRAM HELPER MOUNT_POINT");
  const sandbox::SandboxSpec spec = plan(argv[2], argv[4]);
  const std::string which = argv[1];
  if (which == "bubblewrap-command") {
    for (const std::string& word : bubblewrap_command(spec, argv[3]))
      std::fwrite(word.c_str(), 1, word.size() + 1, stdout);
    return 0;
  }
  const bool ours = which == "lemu";
  const long long ns = ours ? time_lemu(spec, argv[3]) : time_bubblewrap(spec);
  std::printf("%.1f\n", static_cast<double>(ns) / 1e3);
  return 0;
}
