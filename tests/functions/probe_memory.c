// SPDX-License-Identifier: Apache-2.0
// Behaviours that take memory.
#include "probe.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>

void* touch(long mb) {
  const size_t size = (size_t)mb << 20;
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  for (size_t at = 0; at < size; at += 4096) memory[at] = (char)(at >> 12) | 1;
  return memory;
}

/// {"do":"alloc","mb":N,"free":1,"hold":MS,"pause":MS}: touches N MB, at once or with a pause after each;
/// kept for good, or given back after the hold, before the answer.
static void do_alloc(struct call* call) {
  const long mb = number_field(call, "mb", 1), pause = number_field(call, "pause", 0);
  void* memory = pause ? NULL : touch(mb);
  for (long i = 0; pause && i < mb; ++i) {
    memory = touch(1);
    sleep_ms(pause);
  }
  if (number_field(call, "hold", 0)) sleep_ms(number_field(call, "hold", 0));
  if (memory && number_field(call, "free", 0)) munmap(memory, (size_t)mb << 20);
  put(&call->out, "{\"touched\":%ld,\"ok\":%s}", mb, memory ? "true" : "false");
}

/// {"do":"hoard","children":N,"mb":M,"pause":MS,"name":"…"}: N processes, called so, take M MB each, a
/// megabyte at a time, and keep it; this one waits for them.
static void do_hoard(struct call* call) {
  const long n = number_field(call, "children", 2), mb = number_field(call, "mb", 100);
  const long pause = number_field(call, "pause", 0);
  int ready[2];
  char name[16];
  text_field(call, "name", name, sizeof name);
  if (*name) prctl(PR_SET_NAME, name);
  if (pipe2(ready, O_CLOEXEC) != 0) return;
  for (long i = 0; i < n; ++i) {
    if (fork() != 0) continue;
    for (long taken = 0; taken < mb; ++taken) {
      touch(1);
      if (pause) sleep_ms(pause);
    }
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) sleep_ms(1000);
  }
  close(ready[1]);
  char byte;
  long done = 0;
  while (read(ready[0], &byte, 1) == 1 && ++done < n) {
  }
  put(&call->out, "{\"hoarded\":%ld}", done * mb);
}

static void touch_shared(long mb) {
  const size_t size = (size_t)mb << 20;
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (size_t at = 0; memory != MAP_FAILED && at < size; at += 4096) memory[at] = 1;
}

/// Writes private copies of a file's pages, the file mapped again and again; 0 when it cannot be.
static int touch_file(const char* path, long mb) {
  struct stat status;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0) return 0;
  for (long left = mb << 20; left > 0; left -= status.st_size) {
    char* memory = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) return 0;
    for (off_t at = 0; at < status.st_size; at += 4096) memory[at] = 1;
  }
  return 1;
}

static void* touch_and_stay(void* mb) {
  touch((long)mb);
  for (;;) pause();
  return NULL;
}

static int ready_to_hide[2];

static void idle(long mb) {
  (void)mb;
  if (write(ready_to_hide[1], "x", 1) != 1) _exit(1);
  for (;;) pause();
}

static void hide_shared(long mb) {
  touch_shared(mb);
  idle(mb);
}

static void hide_undumpable(long mb) {
  prctl(PR_SET_DUMPABLE, 0);
  touch(mb);
  idle(mb);
}

/// The first thread ends, another goes on: /proc/PID tells nothing of memory then.
static void hide_leaderless(long mb) {
  pthread_t thread;
  pthread_create(&thread, NULL, touch_and_stay, (void*)mb);
  if (write(ready_to_hide[1], "x", 1) != 1) _exit(1);
  pthread_exit(NULL);
}

/// Memory that is in a file of nobody's address space.
static void hide_in_file(long mb) {
  static char block[1 << 20];
  memset(block, 1, sizeof block);
  const int file = memfd_create("hidden", MFD_CLOEXEC);
  for (long i = 0; i < mb; ++i)
    if (write(file, block, sizeof block) < 0) break;
}

static void hide_in_file_and_stay(long mb) {
  hide_in_file(mb);
  idle(mb);
}

/// Shared memory that is let go of, and stays. The error that says that there is no such room.
static const char* hide_in_shared_memory(long mb) {
  const int id = shmget(IPC_PRIVATE, (size_t)mb << 20, 0600);
  if (id < 0) return errno_name(errno);
  char* memory = shmat(id, NULL, 0);
  for (size_t at = 0; memory != (void*)-1 && at < (size_t)mb << 20; at += 4096) memory[at] = 1;
  shmdt(memory);
  shmctl(id, IPC_RMID, NULL);
  return "";
}

static void hide_plain(long mb) {
  touch(mb);
  idle(mb);
}

static const struct {
  const char* name;
  void (*hide)(long mb);
} hidings[] = {{"shared", hide_shared},
               {"undumpable", hide_undumpable},
               {"leaderless", hide_leaderless},
               {"plain", hide_plain},
               {"memory-file", hide_in_file_and_stay}};

/// Forks a process that takes M MB in that way, and stays.
static void hide_in_child(const char* how, long mb) {
  if (fork() != 0) return;
  for (size_t i = 0; i < sizeof hidings / sizeof *hidings; ++i)
    if (strcmp(hidings[i].name, how) == 0) hidings[i].hide(mb);
  idle(0);
}

/// A child that has this process's very memory (natively; under QEMU a copy) for a while.
static void share_all(long ms) {
  const pid_t child = vfork();
  if (child == 0) {
    usleep((useconds_t)ms * 1000);
    _exit(0);
  }
}

/// {"do":"hide","how":H,"mb":M,"children":N,"idle":I,"own":K,"hold":MS}: N processes take M MB each in a way
/// that is hard to see from outside, I take nothing, and this one takes K MB. Where N is 0 this one takes the
/// M MB itself: executable; file (private copies of the pages of the "file"); undumpable; vfork, for MS.
static void do_hide(struct call* call) {
  const long n = number_field(call, "children", 0), mb = number_field(call, "mb", 100);
  const long others = n + number_field(call, "idle", 0), hold = number_field(call, "hold", 0);
  char how[32], file[256];
  text_field(call, "how", how, sizeof how);
  text_field(call, "file", file, sizeof file);
  int ok = pipe2(ready_to_hide, O_CLOEXEC) == 0;
  for (long i = 0; i < others; ++i) hide_in_child(i < n ? how : "idle", mb);
  touch(number_field(call, "own", 0));
  if (n == 0 && strcmp(how, "executable") == 0) ok = personality(READ_IMPLIES_EXEC) >= 0 && touch(mb);
  if (n == 0 && strcmp(how, "file") == 0) ok = touch_file(file, mb);
  if (n == 0 && strcmp(how, "undumpable") == 0) ok = prctl(PR_SET_DUMPABLE, 0) == 0 && touch(mb);
  if (n == 0 && strcmp(how, "vfork") == 0) ok = touch(mb) != NULL, share_all(hold);
  if (n == 0 && strcmp(how, "memory-file") == 0) hide_in_file(mb);
  const char* error = strcmp(how, "system-v") == 0 ? hide_in_shared_memory(mb) : "";
  char byte;
  for (long i = 0; i < others && read(ready_to_hide[0], &byte, 1) == 1; ++i) {
  }
  sleep_ms(hold);
  put(&call->out, "{\"hidden\":%s,\"error\":\"%s\"}", ok ? "true" : "false", error);
}

const struct named memory_behaviours[] = {
    {"alloc", do_alloc}, {"hoard", do_hoard}, {"hide", do_hide}, {NULL, NULL}};
