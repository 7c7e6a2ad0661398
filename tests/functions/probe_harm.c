// SPDX-License-Identifier: Apache-2.0
// Behaviours that end, use up, print or start things.
#include "probe.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static void do_exit(struct call* call) {
  if (number_field(call, "after_answer", 0)) answer(call, "", "\"answered\"", 10);
  _exit((int)number_field(call, "code", 0));
}

/// A signal as a crash makes it: SIGSEGV by a wild write, SIGABRT by abort(), others by kill().
static void die_by(int number) {
  static volatile int* volatile nowhere = NULL;
  if (number == SIGSEGV) *nowhere = 1;
  if (number == SIGABRT) abort();
  kill(getpid(), number);
  sleep_ms(60000);
}

static void do_signal(struct call* call) {
  if (number_field(call, "after_answer", 0)) answer(call, "", "\"answered\"", 10);
  die_by((int)number_field(call, "number", SIGSEGV));
}

/// {"do":"sleep","ms":N}; with "sleep_after" in any event the time goes by after the response and before
/// next.
static void do_sleep(struct call* call) {
  sleep_ms(number_field(call, "ms", 0));
  put(&call->out, "{\"slept\":%ld}", number_field(call, "ms", 0));
}

static void do_spin(struct call* call) {
  const long ms = number_field(call, "ms", 0);
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
  put(&call->out, "{\"spun\":%ld}", ms);
}

static void* touch(long mb) {
  const size_t size = (size_t)mb << 20;
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  for (size_t at = 0; at < size; at += 4096) memory[at] = (char)(at >> 12) | 1;
  return memory;
}

/// {"do":"alloc","mb":N,"free":1,"hold":MS}: touches N MB; kept for good, or given back after MS, before the
/// answer.
static void do_alloc(struct call* call) {
  const long mb = number_field(call, "mb", 1);
  void* memory = touch(mb);
  if (number_field(call, "hold", 0)) sleep_ms(number_field(call, "hold", 0));
  if (memory && number_field(call, "free", 0)) munmap(memory, (size_t)mb << 20);
  put(&call->out, "{\"touched\":%ld,\"ok\":%s}", mb, memory ? "true" : "false");
}

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

/// {"do":"print","stream":"stderr","text":"…","lines":3,"bytes":100}: no newline is added to text but between
/// lines.
static void do_print(struct call* call) {
  char stream[16], words[8192];
  text_field(call, "stream", stream, sizeof stream);
  text_field(call, "text", words, sizeof words);
  FILE* out = strcmp(stream, "stderr") == 0 ? stderr : stdout;
  for (long i = 0; i < number_field(call, "lines", 0); ++i) fprintf(out, "line %ld\n", i + 1);
  struct text bytes = {0};
  for (long i = 0; i < number_field(call, "bytes", 0); ++i) put_bytes(&bytes, "x", 1);
  if (bytes.size) fwrite(bytes.data, 1, bytes.size, out);
  free(bytes.data);
  fputs(words, out);
  fflush(out);
  put(&call->out, "null");
}

/// {"do":"fill","path":"/tmp/big","mb":600}: writes until done or refused.
static void do_fill(struct call* call) {
  char path[1024];
  static char block[1 << 20];
  text_field(call, "path", path, sizeof path);
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  int error = fd < 0 ? errno : 0;
  long long written = 0;
  const long long want = (long long)number_field(call, "mb", 1) << 20;
  while (!error && written < want) {
    const ssize_t n = write(fd, block, sizeof block);
    if (n < 0)
      error = errno;
    else
      written += n;
  }
  if (fd >= 0) close(fd);
  put(&call->out, "{\"written\":%lld,\"error\":\"%s\"}", written, errno_name(error));
}

/// What only a privileged process may do, each with the errno it got ("" would mean that it was allowed).
/// Never as root: outside a sandbox these would succeed, and take the machine's /tmp and /proc away.
static void do_forbidden(struct call* call) {
  if (getuid() == 0 || geteuid() == 0) {
    put(&call->out, "{\"refused\":\"this is root: a function must not be\"}");
    return;
  }
  // Each in a child of its own, so that one which is allowed does not change what the next one sees.
#define TRY(name, expression)                                                 \
  do {                                                                        \
    int status = 0;                                                           \
    const pid_t child = fork();                                               \
    if (child == 0) _exit((expression) < 0 ? errno : 0);                      \
    waitpid(child, &status, 0);                                               \
    put(&call->out, ",\"%s\":\"%s\"", name, errno_name(WEXITSTATUS(status))); \
  } while (0)
  put(&call->out, "{\"pid\":%d", getpid());
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
  TRY("umount", umount2("/proc", MNT_DETACH));
  TRY("unshare_user", unshare(CLONE_NEWUSER));
  TRY("chroot", chroot("/tmp"));
  TRY("setuid", setuid(0));
  TRY("sethostname", sethostname("x", 1));
  TRY("mknod", mknod("/tmp/null", S_IFCHR | 0666, 0x103));
  TRY("write_task", open("/var/task/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("write_opt", open("/opt/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("write_root", open("/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("write_etc", open("/etc/hosts", O_WRONLY | O_CLOEXEC));
  TRY("write_dev", open("/dev/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  TRY("core_pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC));
  TRY("drop_caches", open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));
  TRY("overcommit", open("/proc/sys/vm/overcommit_memory", O_WRONLY | O_CLOEXEC));
  TRY("binfmt_register", open("/proc/sys/fs/binfmt_misc/register", O_WRONLY | O_CLOEXEC));
  TRY("init_environ", open("/proc/1/environ", O_RDONLY | O_CLOEXEC));
  TRY("init_mem", open("/proc/1/mem", O_RDONLY | O_CLOEXEC));
  TRY("init_fd", open("/proc/1/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  TRY("init_root", open("/proc/1/root/etc/passwd", O_RDONLY | O_CLOEXEC));
  put(&call->out, "}");
#undef TRY
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

static long total;
static void* add_up(void* count) {
  for (long i = 0; i < (long)count; ++i) __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static void do_threads(struct call* call) {
  pthread_t threads[64];
  long n = number_field(call, "n", 4);
  if (n > 64) n = 64;
  int error = 0;
  total = 0;
  for (long i = 0; i < n && !error; ++i) error = pthread_create(&threads[i], NULL, add_up, (void*)10000L);
  for (long i = 0; i < n && !error; ++i) pthread_join(threads[i], NULL);
  put(&call->out, "{\"total\":%ld,\"error\":\"%s\"}", total, errno_name(error));
}

const struct named harm_behaviours[] = {
    {"exit", do_exit},       {"signal", do_signal},
    {"sleep", do_sleep},     {"spin", do_spin},
    {"alloc", do_alloc},     {"fork", do_fork},
    {"daemon", do_daemon},   {"forkbomb", do_forkbomb},
    {"exec", do_exec},       {"print", do_print},
    {"fill", do_fill},       {"forbidden", do_forbidden},
    {"listen", do_listen},   {"signal-init", do_signal_init},
    {"threads", do_threads}, {NULL, NULL},
};

void run_init(const char* words) {
  static const char error[] = "{\"errorMessage\":\"cannot start\",\"errorType\":\"Config.Missing\"}";
  const char* dash = strrchr(words, '-');
  const long number = dash ? strtol(dash + 1, NULL, 10) : 0;
  fprintf(stderr, "probe: init: %s\n", words);
  if (strncmp(words, "exit", 4) == 0) _exit((int)number);
  if (strncmp(words, "signal", 6) == 0) die_by((int)number);
  if (strncmp(words, "sleep", 5) == 0) sleep_ms(number);
  if (strncmp(words, "alloc", 5) == 0) touch(number);
  if (strncmp(words, "error", 5) == 0) {
    struct rt_reply reply =
        rt_request("POST", "/2018-06-01/runtime/init/error",
                   "Lambda-Runtime-Function-Error-Type: Runtime.NoConfig\r\n", error, sizeof error - 1);
    fprintf(stderr, "probe: init/error: %d\n", reply.status);
    _exit(1);
  }
}
