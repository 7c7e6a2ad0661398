// SPDX-License-Identifier: Apache-2.0
// Linked into the sandbox's helper in coverage builds only. gcov writes its counters when a program exits in
// the regular way; the helper ends by _exit(2) or in another program, and mostly in a root where its build
// folder does not exist. So both are wrapped (ld's --wrap) and the counters are written first, by way of the
// build folder, which was opened before the helper did anything. Closing all descriptors spares that one.
// The wrapper, which the kernel starts inside such a root, tells nothing there.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdlib>

extern "C" {
void __gcov_dump();
void __gcov_reset();
long __real_syscall(long number, ...);
[[noreturn]] void __real__exit(int status);
int __real_execve(const char* path, char* const arguments[], char* const environment[]);
}

namespace {

// Far above what the helper uses, and below any limit it sets itself.
constexpr int kFolder = 200;

[[gnu::constructor]] void open_folder() {
  const int fd = open(LEMU_COVERAGE_FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  dup3(fd, kFolder, O_CLOEXEC);
  close(fd);
}

void write_counters() {
  const int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fchdir(kFolder) == 0) {
    setenv("GCOV_PREFIX", ".", 1);
    setenv("GCOV_PREFIX_STRIP", LEMU_COVERAGE_STRIP, 1);
    __gcov_dump();
    __gcov_reset();
  }
  if (here >= 0 && fchdir(here) != 0) __real__exit(127);
  close(here);
}

}  // namespace

extern "C" {

void __wrap__exit(int status) {
  write_counters();
  __real__exit(status);
}

int __wrap_execve(const char* path, char* const arguments[], char* const environment[]) {
  write_counters();
  return __real_execve(path, arguments, environment);
}

/// What GCC makes of execve in code with counters.
int __wrap___gcov_execve(const char* path, char* const arguments[], char* const environment[]) {
  return __wrap_execve(path, arguments, environment);
}

long __wrap_syscall(long number, ...) {
  va_list list;
  long a[6];
  va_start(list, number);
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  if (number == SYS_close_range && a[0] < kFolder && static_cast<unsigned>(a[1]) == ~0U) {
    __real_syscall(number, a[0], static_cast<long>(kFolder - 1), 0L);
    return __real_syscall(number, static_cast<long>(kFolder + 1), static_cast<long>(~0U), 0L);
  }
  return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // extern "C"
