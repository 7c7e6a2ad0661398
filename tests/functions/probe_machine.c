// SPDX-License-Identifier: Apache-2.0
// Behaviours that ask what machine this is, and what of its kernel is open.
#include "probe.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

/// A system call by 32-bit x86's way in, from this 64-bit program.
static long narrow_call(long number, long first) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(first), "c"(-1), "d"(-1), "S"(-1), "D"(-1)
                   : "memory");
  if (result >= 0 || result < -4095) return result;
  errno = (int)-result;
#else
  (void)number, (void)first;
  errno = ENOTSUP;
#endif
  return -1;
}

/// With arguments that no call can make anything of, should it be open: an empty text, which is a bad number.
/// (QEMU refuses bad addresses before it calls its own kernel.)
static int try_call(const char* abi, long number) {
  static const char nothing[4096];
  const long bad = (long)nothing;
  const long result =
      strcmp(abi, "i386") == 0 ? narrow_call(number, -1) : syscall(number, bad, bad, bad, bad, bad, bad);
  return result == -1 ? errno : 0;
}

/// {"do":"calls","numbers":"248,249","abi":"i386"}: what these system calls say, by number. `abi` is the
/// program's own unless it says i386.
static void do_calls(struct call* call) {
  char numbers[2048], abi[16];
  text_field(call, "numbers", numbers, sizeof numbers);
  text_field(call, "abi", abi, sizeof abi);
  put(&call->out, "{");
  for (char *at = numbers, *end; *at; at = *end ? end + 1 : end) {
    const long number = strtol(at, &end, 10);
    int status = 0;
    const pid_t child = fork();
    if (child == 0) _exit(try_call(abi, number));
    waitpid(child, &status, 0);
    put(&call->out, "%s\"%ld\":\"%s\"", at == numbers ? "" : ",", number,
        WIFEXITED(status) ? errno_name(WEXITSTATUS(status)) : "signal");
  }
  put(&call->out, "}");
}

static void put_machine(struct call* call, const char* name, const struct sysinfo* machine, int failed) {
  put(&call->out, "\"%s\":{\"error\":\"%s\",\"total\":%llu,\"free\":%llu,\"swap\":%llu,\"up\":%ld}", name,
      errno_name(failed ? errno : 0), (unsigned long long)machine->totalram * machine->mem_unit,
      (unsigned long long)machine->freeram * machine->mem_unit,
      (unsigned long long)machine->totalswap * machine->mem_unit, machine->uptime);
}

static int bad_sysinfo(void* where) { return syscall(SYS_sysinfo, where) == 0 ? 0 : errno; }

static int child_says_the_same(const struct sysinfo* mine) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    struct sysinfo its;
    prctl(PR_SET_DUMPABLE, 0);
    _exit(sysinfo(&its) != 0 || its.totalram != mine->totalram);
  }
  waitpid(child, &status, 0);
  return status == 0;
}

/// By 32-bit x86's call, whose structure has 32-bit fields: [total, free, unit]; none elsewhere.
static void put_narrow_machine(struct call* call) {
  unsigned* const low =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | 0x40 /* MAP_32BIT */, -1, 0);
  const long failed = low == MAP_FAILED ? -1 : narrow_call(116, (long)low);
  if (failed)
    put(&call->out, ",\"narrow\":null");
  else
    put(&call->out, ",\"narrow\":[%u,%u,%u]", low[4], low[5], low[13]);
}

/// sysinfo(2): by the library, by an undumpable child, into memory that is not there, across its end.
static void do_machine(struct call* call) {
  struct sysinfo machine = {0};
  char* const pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);
  put(&call->out, "{");
  put_machine(call, "sysinfo", &machine, sysinfo(&machine) != 0);
  put(&call->out, ",\"pages\":%ld,\"undumpable\":%d", sysconf(_SC_PHYS_PAGES), child_says_the_same(&machine));
  put(&call->out, ",\"nowhere\":\"%s\"", errno_name(bad_sysinfo((void*)16)));
  put(&call->out, ",\"half\":\"%s\"", errno_name(bad_sysinfo(pages + 4096 - 8)));
  put_narrow_machine(call);
  put(&call->out, "}");
}

/// {"do":"files","path":"/tmp","limit":1000000}: makes empty files until it is refused.
static void do_files(struct call* call) {
  char folder[1024], path[1100];
  text_field(call, "path", folder, sizeof folder);
  const long limit = number_field(call, "limit", 1000);
  int error = 0;
  long made = 0;
  for (; made < limit && !error; ++made) {
    snprintf(path, sizeof path, "%s/%ld", folder, made);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    error = fd < 0 ? errno : 0;
    close(fd);
  }
  put(&call->out, "{\"made\":%ld,\"error\":\"%s\"}", error ? made - 1 : made, errno_name(error));
}

/// {"do":"watches","limit":1000}: inotify instances until it is refused.
static void do_watches(struct call* call) {
  static int opened[8192];
  const long limit = number_field(call, "limit", 1000);
  int n = 0, error = 0;
  for (; n < limit && n < 8192; ++n) {
    opened[n] = inotify_init1(IN_CLOEXEC);
    if (opened[n] >= 0) continue;
    error = errno;
    break;
  }
  for (int i = 0; i < n; ++i) close(opened[i]);
  put(&call->out, "{\"opened\":%d,\"error\":\"%s\"}", n, errno_name(error));
}

/// {"do":"write","path":"/proc/self/oom_score_adj","text":"0"}: into a file that is there.
static void do_write(struct call* call) {
  char path[1024], text[256];
  text_field(call, "path", path, sizeof path);
  text_field(call, "text", text, sizeof text);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  const int failed = fd < 0 || write(fd, text, strlen(text)) < 0;
  put(&call->out, "{\"error\":\"%s\"}", errno_name(failed ? errno : 0));
  close(fd);
}

const struct named machine_behaviours[] = {{"calls", do_calls}, {"machine", do_machine},
                                           {"files", do_files}, {"watches", do_watches},
                                           {"write", do_write}, {NULL, NULL}};
