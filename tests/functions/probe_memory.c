// SPDX-License-Identifier: Apache-2.0
// Behaviours that take memory.
#include "probe.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

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

const struct named memory_behaviours[] = {{"alloc", do_alloc}, {"hoard", do_hoard}, {NULL, NULL}};
