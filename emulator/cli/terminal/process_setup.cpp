// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/process_setup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "emulator/cli/terminal/errors.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr int kEndingSignals[] = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

void set_up_process() {
  // In rising order: open(2) gives the lowest free number, so each is the very one that is missing.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The wrong way round, so that what is asked of it fails with EBADF.
    const int filler = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    // In a root without /dev: a socket connected to nothing can be neither read nor written.
    if (filler < 0) static_cast<void>(::socket(AF_UNIX, SOCK_STREAM, 0));
  }
  ::signal(SIGCHLD, SIG_DFL);
  ::signal(SIGXFSZ, SIG_IGN);
}

SignalsHeldBack::SignalsHeldBack() {
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int number : kEndingSignals)
    if (!ignored_by_caller(number)) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
}

SignalsHeldBack::~SignalsHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool SignalsHeldBack::any_came() {
  sigset_t came;
  if (::sigpending(&came) != 0) return false;
  return std::any_of(std::begin(kEndingSignals), std::end(kEndingSignals), [&](int number) {
    return ::sigismember(&came, number) == 1 && !ignored_by_caller(number);
  });
}

const char* own_variable(const char* name) { return std::getenv(name); }

Result<std::string> libexec_folder() {
  std::error_code code;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", code);
  if (code) return fail_errno<"lemu-not-found">(code.value());
  const std::filesystem::path folder = self.parent_path().parent_path() / "libexec" / "lemu";
  if (!std::filesystem::exists(folder / "lemu-sandbox", code))
    return fail<"helper-missing">(at<"helper">((folder / "lemu-sandbox").string()));
  return folder.string();
}

Status get_descriptors() {
  // The most that has been seen in use is 20, one more for each connection to the Runtime API.
  constexpr rlim_t kNeeded = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kNeeded) return {};
  if (limit.rlim_max < kNeeded)
    return fail<"descriptors-too-few">(at<"limit">(limit.rlim_max), at<"needed">(kNeeded));
  limit.rlim_cur = kNeeded;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno<"descriptors-not-raised">(errno);
  return {};
}

rlimit raise_descriptors() {
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return before;
  rlimit raised = before;
  raised.rlim_cur = raised.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);  // else it stays as it is, and the daemon says how far that goes
  return before;
}

bool ignored_by_caller(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace lemu::emulator::cli
