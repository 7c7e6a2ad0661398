// SPDX-License-Identifier: Apache-2.0
// Behaviours that make processes, or turn on those they find.
#include "probe.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

/// {"do":"fork","n":3,"mb":20}: children that stay, each with that much memory of its own.
static void do_fork(struct call* call) {
  const long n = number_field(call, "n", 1), mb = number_field(call, "mb", 0);
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return;
  put(&call->out, "{\"pids\":[");
  for (long i = 0; i < n; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      if (mb) touch(mb);
      if (write(ready[1], "x", 1) != 1) _exit(1);
      for (;;) pause();
    }
    put(&call->out, i ? ",%d" : "%d", child);
  }
  char byte;
  for (long i = 0; i < n; ++i) {
    if (read(ready[0], &byte, 1) != 1) break;
  }
  put(&call->out, "]}");
}

/// A daemon by the book: double fork, a session of its own, signals ignored, standard descriptors kept open.
static void do_daemon(struct call* call) {
  int tell[2];
  pid_t daemon_pid = 0;
  if (pipe2(tell, O_CLOEXEC) != 0) return;
  const pid_t middle = fork();
  if (middle == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    for (int number = 1; number < 32; ++number) signal(number, SIG_IGN);
    daemon_pid = getpid();
    if (write(tell[1], &daemon_pid, sizeof daemon_pid) < 0) _exit(1);
    for (;;) pause();
  }
  waitpid(middle, NULL, 0);
  if (read(tell[0], &daemon_pid, sizeof daemon_pid) != sizeof daemon_pid) daemon_pid = -1;
  put(&call->out, "{\"daemon\":%d}", daemon_pid);
}

/// {"do":"orphan","how":"hold","code":N}: this process leaves; its child holds the connection and says
/// nothing, or
/// ("answer") has answered before.
static void do_orphan(struct call* call) {
  char how[16];
  int told[2];
  text_field(call, "how", how, sizeof how);
  if (pipe2(told, O_CLOEXEC) != 0) return;
  if (fork() == 0) {
    if (strcmp(how, "answer") == 0) answer(call, "", "\"by a child\"", 12);
    if (write(told[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte;
  if (read(told[0], &byte, 1) != 1) return;
  _exit((int)number_field(call, "code", 0));
}

/// {"do":"stop","who":"self"|"group"|"parent"|"all","then":"exit","code":N}: SIGSTOP. Who is still awake then
/// leaves, or answers.
static void do_stop(struct call* call) {
  char who[16], then[16];
  text_field(call, "who", who, sizeof who);
  text_field(call, "then", then, sizeof then);
  if (strcmp(who, "group") == 0 && fork() == 0)
    for (;;) pause();
  const pid_t target = strcmp(who, "self") == 0    ? getpid()
                       : strcmp(who, "group") == 0 ? 0
                       : strcmp(who, "all") == 0   ? (is_shut_in() ? -1 : getpid())
                                                   : getppid();
  const int number = (int)number_field(call, "number", SIGSTOP);
  const int error = kill(target, number) == 0 ? 0 : errno;
  if (strcmp(then, "exit") == 0) _exit((int)number_field(call, "code", 0));
  put(&call->out, "{\"error\":\"%s\"}", errno_name(error));
}

static volatile long* ticks;

/// Continues the caller every millisecond, by the kernel itself.
static void continue_by_timer(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
  const struct itimerspec every = {{0, 1000000}, {0, 1000000}};
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) timer_settime(timer, 0, &every, NULL);
}

/// {"do":"restless"}: the first time leaves a child that counts milliseconds, and has this process and the
/// child continued all the time. The count, and the child.
static void do_restless(struct call* call) {
  static pid_t child;
  if (!ticks) {
    ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    continue_by_timer();
    child = fork();
    if (child == 0) {
      continue_by_timer();
      for (;; ++*ticks) sleep_ms(1);
    }
  }
  put(&call->out, "{\"ticks\":%ld,\"child\":%d}", *ticks, child);
}

/// A field of /proc/PID/status, as text.
static void status_field(pid_t pid, const char* name, char* out, size_t size) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  *out = 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (n <= 0) return;
  text[n] = 0;
  const char* line = strstr(text, name);
  if (line) snprintf(out, size, "%.*s", (int)strcspn(line + strlen(name), "\n"), line + strlen(name));
}

/// The nearest process above that one with such a name; 0 when there is none.
static pid_t ancestor_called(pid_t pid, const char* name) {
  char parent[16], called[32];
  while (pid > 1) {
    status_field(pid, "PPid:\t", parent, sizeof parent);
    pid = atoi(parent);
    if (pid > 1) status_field(pid, "Name:\t", called, sizeof called);
    if (pid > 1 && strcmp(called, name) == 0) return pid;
  }
  return 0;
}

/// {"do":"turn","on":"lemu"|"parents"}: a daemonised grandchild stops the helper and lemu, or the helper and
/// its parent, and kills both; it means to stay. Without a sandbox only: in one it finds neither.
static void do_turn(struct call* call) {
  char on[16];
  text_field(call, "on", on, sizeof on);
  const pid_t helper = getppid();
  char above[16];
  status_field(helper, "PPid:\t", above, sizeof above);
  const pid_t other = strcmp(on, "lemu") == 0 ? ancestor_called(helper, "lemu") : atoi(above);
  if (is_shut_in() || other <= 1 || !ancestor_called(helper, "lemu")) return;
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    const int steps[] = {SIGSTOP, SIGKILL};
    for (int i = 0; i < 2; ++i) {
      kill(helper, steps[i]);
      kill(other, steps[i]);
    }
    for (;;) pause();
  }
  for (;;) pause();
}

/// Three children, then SIGKILL to every process that this one may send it to. In a sandbox only.
static void do_kill_all(struct call* call) {
  pid_t children[3];
  for (int i = 0; i < 3; ++i) {
    children[i] = fork();
    if (children[i] == 0)
      for (;;) pause();
  }
  const int error = !is_shut_in() ? ENOTSUP : kill(-1, SIGKILL) == 0 ? 0 : errno;
  int ended = 0, status;
  for (int i = 0; i < 3; ++i) {
    if (error) kill(children[i], SIGKILL);
    ended += waitpid(children[i], &status, 0) == children[i] && WIFSIGNALED(status);
  }
  put(&call->out, "{\"error\":\"%s\",\"ended\":%d}", errno_name(error), ended);
}

/// What ptrace says for the parent (lemu's helper), for PID 1 and for a child. Never as root.
static void do_ptrace(struct call* call) {
  if (getuid() == 0) return;
  const pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  const pid_t targets[] = {getppid(), 1, child};
  static const char* const names[] = {"parent", "first", "child"};
  for (int i = 0; i < 3; ++i) {
    const int error = ptrace(PTRACE_SEIZE, targets[i], NULL, NULL) == 0 ? 0 : errno;
    put(&call->out, "%s\"%s\":\"%s\"", i ? "," : "{", names[i], errno_name(error));
    if (!error) ptrace(PTRACE_DETACH, targets[i], NULL, NULL);
  }
  kill(child, SIGKILL);
  put(&call->out, "}");
}

/// A child traces this process, which leaves: its end then reaches nobody but the child, who does not ask.
static void do_traced_exit(struct call* call) {
  int told[2];
  char byte;
  if (pipe2(told, O_CLOEXEC) != 0) return;
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  if (fork() == 0) {
    if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) != 0) note("ptrace: %s", errno_name(errno));
    if (write(told[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  if (read(told[0], &byte, 1) != 1) return;
  _exit((int)number_field(call, "code", 0));
}

/// Every process forks for as long as it lives; nobody answers. In a sandbox only.
static void do_forkbomb_for_ever(struct call* call) {
  if (!is_shut_in()) return;
  (void)call;
  for (;;) fork();
}

/// {"do":"forkbomb","limit":5000}: forks until it is refused, then cleans up.
static void do_forkbomb(struct call* call) {
  const long limit = getuid() == 0 ? 100 : number_field(call, "limit", 5000);
  pid_t* children = calloc((size_t)limit, sizeof *children);
  long n = 0;
  int error = 0;
  while (n < limit) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    if (child < 0) {
      error = errno;
      break;
    }
    children[n++] = child;
  }
  for (long i = 0; i < n; ++i) kill(children[i], SIGKILL);
  for (long i = 0; i < n; ++i) waitpid(children[i], NULL, 0);
  free(children);
  put(&call->out, "{\"forks\":%ld,\"error\":\"%s\"}", n, errno_name(error));
}

/// {"do":"exec","path":"/proc/self/exe"}: a child program, told to say its machine and leave with 7.
static void do_exec(struct call* call) {
  char path[1024];
  int failed[2], status = 0, error = 0;
  text_field(call, "path", path, sizeof path);
  if (!*path) strcpy(path, "/proc/self/exe");
  if (pipe2(failed, O_CLOEXEC) != 0) return;
  const pid_t child = fork();
  if (child == 0) {
    char* arguments[] = {path, "child", NULL};
    execve(path, arguments, environ);
    error = errno;
    if (write(failed[1], &error, sizeof error) < 0) _exit(125);
    _exit(126);
  }
  close(failed[1]);
  if (read(failed[0], &error, sizeof error) != sizeof error) error = 0;
  close(failed[0]);
  waitpid(child, &status, 0);
  put(&call->out, "{\"error\":\"%s\",\"exited\":%d,\"signal\":%d}", errno_name(error),
      WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/// Every signal to PID 1. Whether it may be sent is not the question: PID 1 must go on.
static void do_signal_init(struct call* call) {
  if (getuid() == 0) return;
  int sent = 0;
  for (int number = 1; number < 65; ++number) sent += kill(1, number) == 0;
  put(&call->out, "{\"sent\":%d}", sent);
}

static void do_listen(struct call* call) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, (struct sockaddr*)&address, size) != 0 || listen(fd, 8) != 0) return;
  getsockname(fd, (struct sockaddr*)&address, &size);
  put(&call->out, "{\"port\":%d}", ntohs(address.sin_port));
}

const struct named process_behaviours[] = {
    {"fork", do_fork},
    {"daemon", do_daemon},
    {"orphan", do_orphan},
    {"stop", do_stop},
    {"turn", do_turn},
    {"restless", do_restless},
    {"kill-all", do_kill_all},
    {"ptrace", do_ptrace},
    {"forkbomb", do_forkbomb},
    {"forkbomb-for-ever", do_forkbomb_for_ever},
    {"exec", do_exec},
    {"traced-exit", do_traced_exit},
    {"listen", do_listen},
    {"signal-init", do_signal_init},
    {NULL, NULL},
};
