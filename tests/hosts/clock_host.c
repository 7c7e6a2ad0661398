// SPDX-License-Identifier: Apache-2.0
// clock_host FILE -- COMMAND…: runs a command on a host whose wall clock is FILE's nanoseconds ahead (an
// int64_t, which may change at any time), and changes nothing for anybody else: the clocks are read by system
// calls, and what they give is changed by a tracer, which is a child of nobody's. The command is this very
// process. Its threads see that clock; the programs it starts see the machine's.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kMostThreads = 256, kNanoseconds = 1000000000 };

/// What a thread waits for from the kernel: a time to be changed on its way back. `call` -1: nothing.
struct thread {
  pid_t id;
  long call;
  uint64_t where;
};

static struct thread threads[kMostThreads];
static const volatile int64_t* ahead;
static pid_t leader;

static void die(const char* what) {
  fprintf(stderr, "clock_host: %s: %s\n", what, strerror(errno));
  exit(125);
}

static struct thread* thread_of(pid_t id) {
  struct thread* unused = NULL;
  for (struct thread* at = threads; at < threads + kMostThreads; ++at) {
    if (at->id == id) return at;
    if (!at->id && !unused) unused = at;
  }
  if (!unused) die("more threads than expected");
  *unused = (struct thread){id, -1, 0};
  return unused;
}

static int copy(pid_t id, void* here, uint64_t there, size_t size, int into) {
  const struct iovec ours = {here, size}, theirs = {(void*)(uintptr_t)there, size};
  const ssize_t n =
      into ? process_vm_writev(id, &ours, 1, &theirs, 1, 0) : process_vm_readv(id, &ours, 1, &theirs, 1, 0);
  return n == (ssize_t)size;
}

// ---- the clock

static int is_wall_clock(uint64_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

static void note_call(struct thread* thread, const struct __ptrace_syscall_info* info) {
  thread->call = -1;
  if (info->entry.nr == SYS_clock_gettime && is_wall_clock(info->entry.args[0])) {
    thread->call = SYS_clock_gettime;
    thread->where = info->entry.args[1];
  } else if (info->entry.nr == SYS_gettimeofday) {
    thread->call = SYS_gettimeofday;
    thread->where = info->entry.args[0];
  }
#ifdef SYS_time
  if (info->entry.nr == SYS_time) *thread = (struct thread){thread->id, SYS_time, info->entry.args[0]};
#endif
}

#ifdef SYS_time
/// Its result is a register's, and of whole seconds.
static void change_result(const struct thread* thread, int64_t seconds) {
  seconds += *ahead / kNanoseconds;
  ptrace(PTRACE_POKEUSER, thread->id, offsetof(struct user_regs_struct, rax), seconds);
  if (thread->where) copy(thread->id, &seconds, thread->where, sizeof seconds, 1);
}
#else
static void change_result(const struct thread*, int64_t) {}
enum { SYS_time = -2 };
#endif

/// Both of the other calls' structures are two words: seconds, and so many of a second's parts.
static void change_time(const struct thread* thread) {
  const int64_t parts = thread->call == SYS_clock_gettime ? 1 : 1000;
  int64_t time[2];
  if (!thread->where || !copy(thread->id, time, thread->where, sizeof time, 0)) return;
  const int64_t all = time[0] * kNanoseconds + time[1] * parts + *ahead;
  time[0] = all / kNanoseconds;
  time[1] = all % kNanoseconds / parts;
  if (!copy(thread->id, time, thread->where, sizeof time, 1)) die("a time cannot be changed");
}

static void at_system_call(pid_t id) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0) return;  // it is gone
  struct thread* thread = thread_of(id);
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    note_call(thread, &info);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread->call >= 0) {
    if (thread->call == SYS_time)
      change_result(thread, info.exit.rval);
    else if (!info.exit.is_error)
      change_time(thread);
    thread->call = -1;
  }
}

/// Without the vDSO a program has to ask the kernel. It is found by the auxiliary vector, above the
/// environment on the new program's stack.
static void hide_vdso(pid_t id) {
#if defined __x86_64__
  struct user_regs_struct registers;
  uint64_t* const stack = (uint64_t*)&registers.rsp;
#else
  struct user_regs_struct registers;
  uint64_t* const stack = (uint64_t*)&registers.sp;
#endif
  struct iovec all = {&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, id, NT_PRSTATUS, &all) != 0) die("registers");
  uint64_t at = *stack, word, seen_null = 0;
  if (!copy(id, &word, at, sizeof word, 0)) die("the stack");
  for (at += (word + 2) * sizeof word; seen_null == 0;
       at += sizeof word) {  // argc, argv, NULL; then the environment
    if (!copy(id, &word, at, sizeof word, 0)) die("the environment");
    seen_null = word == 0;
  }
  for (;; at += 2 * sizeof word) {
    if (!copy(id, &word, at, sizeof word, 0) || word == AT_NULL) die("no vDSO");
    if (word == AT_SYSINFO_EHDR) break;
  }
  word = AT_IGNORE;
  if (!copy(id, &word, at, sizeof word, 1)) die("the auxiliary vector");
}

// ---- the tracer

static void go_on(pid_t id, int status) {
  const int number = WSTOPSIG(status), event = status >> 16;
  int deliver = 0;
  enum __ptrace_request how = PTRACE_SYSCALL;
  if (number == (SIGTRAP | 0x80)) {
    at_system_call(id);
  } else if (event == PTRACE_EVENT_EXEC) {
    hide_vdso(id);
  } else if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
    how = PTRACE_LISTEN;  // stopped, as whoever sent the signal wants it
  } else if (event == 0) {
    deliver = number;
  }
  ptrace(how, id, 0, deliver);
}

static void trace(void) {
  for (;;) {
    int status;
    const pid_t id = waitpid(-1, &status, __WALL);
    if (id < 0) exit(0);
    if (WIFSTOPPED(status))
      go_on(id, status);
    else
      *thread_of(id) = (struct thread){0};
    if (id == leader && !WIFSTOPPED(status)) exit(0);
  }
}

static const int64_t* offset_in(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(path);
  void* shared = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) die(path);
  close(fd);
  return shared;
}

/// Threads are traced, processes are not.
static void be_tracer(int ready[2]) {
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE;
  if (ptrace(PTRACE_SEIZE, leader, 0, options) != 0) die("PTRACE_SEIZE");
  const int nowhere = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 2; ++fd) dup2(nowhere, fd);  // the test reads the command's to their end
  close(ready[0]);
  if (write(ready[1], "x", 1) != 1) exit(125);
  close(ready[1]);
  trace();
}

int main(int argc, char** argv) {
  if (argc < 4 || strcmp(argv[2], "--") != 0) {
    fputs("clock_host FILE -- COMMAND…\n", stderr);
    return 125;
  }
  ahead = offset_in(argv[1]);
  leader = getpid();
  int ready[2];
  char byte;
  if (pipe2(ready, O_CLOEXEC) != 0) die("pipe2");
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  const pid_t between = fork();
  if (between < 0) die("fork");
  if (between == 0) {
    if (fork() == 0) be_tracer(ready);
    _exit(0);  // so that the command has no child that it does not know of
  }
  waitpid(between, NULL, 0);
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 1) die("no tracer");
  execvp(argv[3], argv + 3);
  die(argv[3]);
}
