// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/init.hpp"

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <vector>

#include "qemu/sandbox/cgroup.hpp"
#include "qemu/sandbox/descendants.hpp"
#include "qemu/sandbox/function_user.hpp"
#include "qemu/sandbox/limits.hpp"
#include "qemu/sandbox/sysinfo_answer.hpp"

namespace lemu::sandbox {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// The specification's environment with the program's own entries in place of those of the same name.
std::vector<std::string> merged(const std::vector<std::string>& all, const std::vector<std::string>& own) {
  std::vector<std::string> result = own;
  for (const std::string& entry : all) {
    const std::size_t name_size = entry.find('=') + 1;
    bool replaced = false;
    for (const std::string& mine : own)
      replaced = replaced || mine.compare(0, name_size, entry, 0, name_size) == 0;
    if (!replaced) result.push_back(entry);
  }
  return result;
}

/// What cannot be read or is no ELF file is left to execve(2).
bool is_for_another_machine(const Program& program) {
  if (program.elf_machine == 0) return false;
  const std::string& path = program.loaded.empty() ? program.path : program.loaded;
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  Elf64_Ehdr head{};
  const bool elf = ::read(fd, &head, sizeof head) == static_cast<ssize_t>(sizeof head) &&
                   std::memcmp(head.e_ident, ELFMAG, SELFMAG) == 0;
  ::close(fd);
  return elf && head.e_machine != program.elf_machine;
}

/// Whether it is there and has an execute bit; errno says why not. Not by access(2): what is read and not
/// executed may lie where nothing can be executed (noexec).
bool may_be_loaded(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0) return false;
  errno = EACCES;
  return (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

void restore_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Reads as an end of file: where there is no /dev/null, a pipe that nobody writes.
int open_nothing() {
  const int null = ::open("/dev/null", O_RDONLY);
  int ends[2];
  if (null >= 0 || ::pipe2(ends, 0) < 0) return null;
  ::close(ends[1]);
  return ends[0];
}

StepResult take_stdio(Stdio stdio) {
  if (stdio == Stdio::inherited) return done();
  // Not close-on-exec: where the caller's stdin was closed this is descriptor 0 already, and dup2 then
  // changes nothing.
  const int null = open_nothing();
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(kLogFd, 1) < 0 || ::dup2(kLogFd, 2) < 0)
    return failed_at(Stage::log);
  // Scripts open /dev/stderr by its name. When the helper is host root the pipe is root's, and the function
  // is not.
  ::fchmod(kLogFd, 0622);
  return done();
}

/// Nothing above stderr reaches the function; the control socket closes by itself when exec succeeds.
void close_inherited() {
  ::close(kLogFd);
  if (::syscall(SYS_close_range, kLogFd, ~0U, 0) < 0)
    for (int fd = kLogFd; fd < 1024; ++fd) ::close(fd);
}

constexpr mode_t kFunctionUmask = 022;  // Linux's default, and what functions on Lambda find

class Init {
 public:
  Init(const SandboxSpec& spec, Execution execution, FilterKind filter)
      : spec_(spec), execution_(execution), filter_(filter) {}

  [[noreturn]] void run() {
    sigset_t children;
    ::sigemptyset(&children);
    ::sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    const int signals = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    while (true) {
      pollfd waits[] = {{kControlFd, POLLIN, 0}, {signals, POLLIN, 0}, {listener_, POLLIN, 0}};
      if (::poll(waits, std::size(waits), -1) < 0) {
        if (errno == EINTR) continue;
        end();  // its limits are the function's to lower where both are the same user
      }
      if (waits[1].revents != 0) {
        signalfd_siginfo drained;
        while (::read(signals, &drained, sizeof drained) > 0) {
        }
        reap();
      }
      if (waits[2].revents == POLLIN)
        answer_sysinfo(listener_, spec_.memory_bytes);
      else if (waits[2].revents != 0)  // all who could call have ended
        listen_to(-1);
      if (waits[0].revents != 0 && !take_command()) end();
    }
  }

 private:
  /// false at lemu's end.
  bool take_command() {
    Command command{};
    const ssize_t n = ::recv(kControlFd, &command, sizeof command, MSG_WAITALL);
    if (n < 0 && errno == EINTR) return true;
    if (n != static_cast<ssize_t>(sizeof command)) return false;
    switch (command.kind) {
      case CommandKind::start: start(); break;
      case CommandKind::signal_all: signal_all(static_cast<int>(command.argument)); break;
      case CommandKind::kill_all: {
        kill_all();
        send_step(ReportKind::all_gone, done());
        break;
      }
    }
    return true;
  }

  void start() {
    int ends[2] = {-1, -1};
    pid_t pid = -1;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) pid = ::fork();
    if (pid == 0) {
      to_helper_ = ends[1];
      become_program();
    }
    const StepResult step = pid < 0 ? failed_at(Stage::fork) : done();
    ::close(ends[1]);
    if (step.failed())
      send_step(ReportKind::failed, step);
    else
      program_ = pid;
    // Waits for the process's last steps: no code of the function runs before.
    if (pid > 0 && filter_ == FilterKind::forbid_and_notify) listen_to(receive_listener(ends[0]));
    ::close(ends[0]);
  }

  void listen_to(int listener) {
    if (listener_ >= 0) ::close(listener_);
    listener_ = listener;
  }

  StepResult filter_calls() const {
    int listener = -1;
    const StepResult step = install_filter(filter_, &listener);
    if (listener >= 0) send_listener(to_helper_, listener);
    return step;
  }

  [[noreturn]] void become_program() {
    const StepResult result = prepare_and_exec();
    send_step(ReportKind::failed, result);
    ::_exit(127);
  }

  StepResult prepare_and_exec() {
    if (spec_.stdio == Stdio::log) ::setsid();
    if (spec_.isolation == Isolation::plain) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    enter_cgroup();
    StepResult step = take_stdio(spec_.stdio);
    if (!step.failed() && spec_.isolation == Isolation::namespaces) {
      leave_session_keyring();
      step = become_function_user(spec_);
    }
    if (!step.failed()) step = apply_limits(spec_.limits);
    if (!step.failed() && spec_.isolation == Isolation::namespaces) step = drop_capabilities();
    if (!step.failed()) step = forbid_new_privileges();
    if (!step.failed()) step = filter_calls();
    if (step.failed()) return step;
    if (::chdir(spec_.working_folder.c_str()) < 0) return failed_at(Stage::working_folder);
    close_inherited();
    restore_signals();
    // The root was built with none. Without a sandbox the function has the user's own, as any program they
    // start.
    if (spec_.isolation == Isolation::namespaces) ::umask(kFunctionUmask);
    const Program& program = execution_ == Execution::direct ? *spec_.direct : spec_.normal;
    const std::vector<char*> arguments = pointers_to(program.arguments);
    const std::vector<std::string> variables = merged(spec_.environment, program.environment);
    const std::vector<char*> environment = pointers_to(variables);
    Report starting;
    starting.kind = ReportKind::starting;
    starting.time_ns = monotonic_ns();
    send_report(starting);
    if (!program.loaded.empty() && !may_be_loaded(program.loaded)) return failed_at(Stage::load);
    if (is_for_another_machine(program)) {
      errno = ENOEXEC;
      return failed_at(program.loaded.empty() ? Stage::exec : Stage::load);
    }
    // A bare name (`lemu shell TARGET -- ls`) is looked up as in a shell, in /bin and /usr/bin.
    if (program.path.find('/') == std::string::npos)
      ::execvpe(program.path.c_str(), arguments.data(), environment.data());
    else
      ::execve(program.path.c_str(), arguments.data(), environment.data());
    return failed_at(Stage::exec);
  }

  void reap() {
    int status = 0;
    rusage usage{};
    pid_t pid = 0;
    while ((pid = ::wait4(-1, &status, WNOHANG, &usage)) > 0)
      if (pid == program_) report_exit(status, usage);
  }

  void report_exit(int status, const rusage& usage) {
    program_ = -1;
    Report report;
    report.kind = ReportKind::exited;
    report.wait_status = status;
    report.time_ns = monotonic_ns();
    report.max_rss_kb = usage.ru_maxrss;
    send_report(report);
  }

  void signal_all(int number) const {
    if (spec_.isolation == Isolation::plain)
      for (const pid_t pid : present_descendants()) ::kill(pid, number);
    else
      ::kill(-1, number);  // as in kill_all()
  }

  void kill_all() {
    if (spec_.isolation == Isolation::plain) {
      if (program_ > 0) ::kill(program_, SIGKILL);  // where /proc tells nothing, this one at least
      kill_and_reap_descendants(
          [](pid_t pid, int status, void* self) {
            static_cast<Init*>(self)->reaped_while_killing(pid, status);
          },
          this);
      return;
    }
    // As PID 1 this reaches every process of the namespace and nothing else; see kill(2).
    ::kill(-1, SIGKILL);
    int status = 0;
    rusage usage{};
    pid_t pid = 0;
    while ((pid = ::wait4(-1, &status, 0, &usage)) > 0 || errno == EINTR)
      if (pid > 0 && pid == program_) report_exit(status, usage);
  }

  void reaped_while_killing(pid_t pid, int status) {
    if (pid == program_) report_exit(status, rusage{});
  }

  [[noreturn]] void end() {
    kill_all();
    ::_exit(0);
  }

  const SandboxSpec& spec_;
  Execution execution_;
  FilterKind filter_;
  pid_t program_ = -1;
  int listener_ = -1;   ///< where the function's sysinfo(2) waits
  int to_helper_ = -1;  ///< in the function's process: where to send the listener
};

}  // namespace

void serve_commands(const SandboxSpec& spec, Execution execution, FilterKind filter) {
  if (spec.isolation == Isolation::plain) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Init(spec, execution, filter).run();
}

}  // namespace lemu::sandbox
