// SPDX-License-Identifier: Apache-2.0
// Behaviours that end this process, or take their time, and what init does when the handler's name says so.
#include "probe.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

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

/// {"do":"sleep","ms":N,"deaf":1}: deaf to every signal that can be ignored. With "sleep_after" in any event
/// the time goes by after the response and before next.
static void do_sleep(struct call* call) {
  for (int number = 1; number_field(call, "deaf", 0) && number < NSIG; ++number) signal(number, SIG_IGN);
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

static void say_sigterm(int number) {
  static const char words[] = "probe: heard SIGTERM\n";
  if (number == SIGTERM && write(STDERR_FILENO, words, sizeof words - 1) < 0) _exit(94);
}

/// {"do":"hear-sigterm","raise":1}: says it when SIGTERM comes, and lives on; "raise" sends it one.
static void do_hear_sigterm(struct call* call) {
  signal(SIGTERM, say_sigterm);
  if (number_field(call, "raise", 0)) raise(SIGTERM);
  put(&call->out, "null");
}

/// {"do":"leave-with-next","code":N}: asks for the next event, and leaves before it has read it.
static void do_leave_with_next(struct call* call) {
  static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
  answer(call, "", "\"left\"", 6);
  rt_send_all(rt_socket, next, sizeof next - 1);
  _exit((int)number_field(call, "code", 0));
}

/// Init by a child, which serves once its parent is gone; and, as nothing tells that lemu has noticed, after
/// so much talk with it that it must have.
static void serve_as_orphan(void) {
  const pid_t parent = getpid();
  if (fork() != 0) _exit(0);
  while (kill(parent, 0) == 0) sleep_ms(1);
  for (int i = 0; i < 20000; ++i) {
    struct rt_reply pong = rt_request("GET", "/2018-06-01/ping", "", NULL, 0);
    rt_free(&pong);
  }
}

const struct named ending_behaviours[] = {
    {"exit", do_exit},
    {"signal", do_signal},
    {"sleep", do_sleep},
    {"spin", do_spin},
    {"threads", do_threads},
    {"leave-with-next", do_leave_with_next},
    {"hear-sigterm", do_hear_sigterm},
    {NULL, NULL},
};

static int begins(const char* words, const char* with) { return strncmp(words, with, strlen(with)) == 0; }

static void report_init_error(int code) {
  static const char error[] = "{\"errorMessage\":\"cannot start\",\"errorType\":\"Config.Missing\"}";
  struct rt_reply reply =
      rt_request("POST", "/2018-06-01/runtime/init/error",
                 "Lambda-Runtime-Function-Error-Type: Runtime.NoConfig\r\n", error, sizeof error - 1);
  fprintf(stderr, "probe: init/error: %d\n", reply.status);
  _exit(code);
}

void run_init(const char* words) {
  const char* dash = strrchr(words, '-');
  const long number = dash ? strtol(dash + 1, NULL, 10) : 0;
  fprintf(stderr, "probe: init: %s\n", words);
  if (begins(words, "exit")) _exit((int)number);
  if (begins(words, "signal")) die_by((int)number);
  if (begins(words, "sleep")) sleep_ms(number);
  if (begins(words, "alloc")) touch(number);
  if (begins(words, "error")) report_init_error(dash ? (int)number : 1);
  if (begins(words, "orphan")) serve_as_orphan();
  if (begins(words, "stop")) kill(getpid(), SIGSTOP);
  if (begins(words, "flood"))
    for (;;) puts("flood of init");
}
