// SPDX-License-Identifier: Apache-2.0
#include "qemu/capture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/syscall.hpp"
#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

constexpr std::size_t kMostOutput = 64 * 1024;
constexpr std::chrono::seconds kPatience{2};

/// The descriptor plan of posix_spawn, freed whatever happens.
class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// /dev/null, or closed where there is none.
void give_nothing(FileActions& plan, int fd, int access) {
  if (::access("/dev/null", F_OK) == 0)
    ::posix_spawn_file_actions_addopen(plan.get(), fd, "/dev/null", access, 0);
  else
    ::posix_spawn_file_actions_addclose(plan.get(), fd);
}

Result<pid_t> spawn(const std::vector<std::string>& arguments, int output) {
  FileActions plan;
  give_nothing(plan, STDIN_FILENO, O_RDONLY);
  ::posix_spawn_file_actions_adddup2(plan.get(), output, STDOUT_FILENO);
  give_nothing(plan, STDERR_FILENO, O_WRONLY);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char* no_environment[] = {nullptr};
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, argv[0], plan.get(), nullptr, argv.data(), no_environment);
  if (code != 0) return fail_errno<"program-not-run">(code, at<"program">(arguments[0]));
  return pid;
}

/// Reads to the end or the deadline; false at the deadline. What exceeds the limit is read and dropped.
bool drain(int fd, std::string& output) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{fd, POLLIN, 0};
    const int n = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    char block[4096];
    const ssize_t size = ::read(fd, block, sizeof block);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    if (output.size() < kMostOutput) output.append(block, static_cast<std::size_t>(size));
  }
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Captured> capture_output(const std::vector<std::string>& arguments) {
  Result<Pipe> pipe = make_pipe();
  LEMU_TRY(pipe);
  Result<pid_t> pid = spawn(arguments, pipe->write_end.get());
  LEMU_TRY(pid);
  pipe->write_end.reset();
  Captured captured;
  const bool done = drain(pipe->read_end.get(), captured.output);
  if (!done) ::kill(*pid, SIGKILL);
  captured.exit_code = reap(*pid);
  if (!done) return fail<"program-did-not-end">(at<"program">(arguments[0]));
  return captured;
}

}  // namespace lemu::qemu
