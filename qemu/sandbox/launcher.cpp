// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/syscall.hpp"
#include "qemu/sandbox/errors.hpp"
#include "qemu/sandbox/report_pipe.hpp"

namespace lemu::sandbox {
namespace {

/// The same descriptor above the numbers the helper uses, so that placing one cannot overwrite the other.
Result<Fd> out_of_the_way(const Fd& fd) {
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 16);
  if (moved < 0) return fail_errno<"helper-not-reached">(errno, at<"attempt">("duplicate a descriptor for"));
  return Fd(moved);
}

/// Spawns with an empty environment and exactly the descriptors 0, 1, 2, kControlFd and kLogFd.
/// posix_spawn(3) shares memory with the child until its exec, so the cost does not grow with lemu, and a
/// failed exec is an error here, with nothing left to reap. (Boost.Process 1.81 forks, and its vfork launcher
/// re-creates the parent's reactor from the child.)
Result<pid_t> spawn_helper(const std::string& helper, const Fd& control, const Fd& log) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, control.get(), kControlFd);
  if (log.valid()) ::posix_spawn_file_actions_adddup2(&actions, log.get(), kLogFd);
  // A bare name: what the function can see of the helper does not tell where lemu is installed.
  static char name[] = "lemu-sandbox";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, helper.c_str(), &actions, nullptr, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code == EAGAIN)
    return fail_errno<"helper-without-process">(code, at<"helper">(helper));  // fork(2): a limit
  if (code != 0) return fail_errno<"helper-not-started">(code, at<"helper">(helper));
  return pid;
}

// Taking down a function that holds gigabytes takes the kernel seconds.
constexpr std::chrono::milliseconds kGrace{10'000};

/// Where the kernel has no pidfd_open(2) (before Linux 5.3) the caller's own wait is the wait.
bool ends_within(pid_t child, std::chrono::milliseconds time) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!handle.valid()) return true;
  pollfd wait{handle.get(), POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&wait, 1, static_cast<int>(time.count()));
  while (ready < 0 && errno == EINTR);
  return ready != 0;
}

}  // namespace

HelperProcess::HelperProcess(HelperProcess&& other) noexcept
    : control_(std::move(other.control_)), pid_(std::exchange(other.pid_, -1)) {}

HelperProcess::~HelperProcess() {
  if (pid_ < 0) return;
  control_ = {};
  wake();
  // Should it be stopped again and again: without it, its function is ended by the kernel or by lemu itself.
  if (!ends_within(pid_, kGrace)) ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void HelperProcess::wake() const { ::kill(pid_, SIGCONT); }

Result<HelperProcess> HelperProcess::start(const std::string& helper, const SandboxSpec& spec, Fd log) {
  const std::string bytes = encode(spec);
  if (bytes.empty()) return fail<"environment-too-large">(at<"limit">(kMaxSpecBytes));
  Result<SocketPair> pair = make_socket_pair();
  LEMU_TRY(pair);
  const int on = 1;
  // With it the kernel tells each sender's pid as this process sees it, across PID namespaces; see unix(7).
  if (::setsockopt(pair->ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
    return fail_errno<"helper-not-reached">(errno, at<"attempt">("ask for credentials of"));
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::string message(reinterpret_cast<const char*>(&size), sizeof size);
  message += bytes;
  Status sent = write_all(pair->ours.get(), message);
  if (!sent)
    return fail_errno<"helper-not-reached">(sent.error().os_error,
                                            at<"attempt">("hand the specification to"));

  Result<Fd> control = out_of_the_way(pair->theirs);
  LEMU_TRY(control);
  Fd log_high;
  if (log.valid()) {
    Result<Fd> moved = out_of_the_way(log);
    LEMU_TRY(moved);
    log_high = std::move(*moved);
  }
  Result<pid_t> pid = spawn_helper(helper, *control, log_high);
  LEMU_TRY(pid);
  return HelperProcess(std::move(pair->ours), *pid);
}

class Sandbox::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& context, HelperProcess helper, SandboxObserver& observer)
      : readable_(context, helper.control()), helper_(std::move(helper)), observer_(&observer) {
    boost::system::error_code ignored;
    readable_.non_blocking(true, ignored);
  }

  void listen() {
    readable_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                         [self = weak_from_this()](const boost::system::error_code& code) {
                           const std::shared_ptr<Impl> impl = self.lock();
                           if (impl && !code) impl->on_readable();
                         });
  }

  void send(CommandKind kind, std::uint32_t argument) {
    const Command command{kind, argument};
    while (::send(helper_.control(), &command, sizeof command, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }

  HelperProcess release() {
    forget();
    return std::move(helper_);
  }

  void wake_helper() { helper_.wake(); }

 private:
  /// The descriptor stays the helper's.
  void forget() {
    observer_ = nullptr;
    if (readable_.is_open()) readable_.release();
  }

  void on_readable() {
    ReceivedReport received;
    while (observer_ != nullptr) {
      switch (receive_report(helper_.control(), received)) {
        case Received::report: observer_->on_report(received.report, received.sender); break;
        case Received::nothing_yet: return listen();
        case Received::end: return observer_->on_helper_gone();
      }
    }
  }

  boost::asio::posix::stream_descriptor readable_;
  HelperProcess helper_;
  SandboxObserver* observer_;
};

Sandbox::Sandbox(boost::asio::io_context& context, HelperProcess helper, SandboxObserver& observer)
    : impl_(std::make_shared<Impl>(context, std::move(helper), observer)) {
  impl_->listen();
}
Sandbox::~Sandbox() { static_cast<void>(release()); }
HelperProcess Sandbox::release() { return impl_->release(); }
void Sandbox::start() { impl_->send(CommandKind::start, 0); }
void Sandbox::signal_all(int number) {
  impl_->send(CommandKind::signal_all, static_cast<std::uint32_t>(number));
}
void Sandbox::kill_all() {
  impl_->wake_helper();
  impl_->send(CommandKind::kill_all, 0);
}

}  // namespace lemu::sandbox
