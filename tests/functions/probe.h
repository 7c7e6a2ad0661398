// SPDX-License-Identifier: Apache-2.0
// What the probe's behaviours share. README.md lists the behaviours.
#ifndef LEMU_TEST_PROBE_H
#define LEMU_TEST_PROBE_H

#include "runtime.h"

/// One invocation, as a behaviour sees it. What stands in `out` is the response, unless `answered` is set.
struct call {
  const struct rt_reply* event;
  char id[64];
  int number;  // 1 for this process's first
  int answered;
  struct text out;
};

typedef void behaviour(struct call*);

/// Fields of the event, found without a parser: the first `"name":` counts, at whatever depth.
long number_field(const struct call* call, const char* name, long fallback);
/// \n \r \t \" \\ are unescaped and $ID becomes the request id. "" when absent.
void text_field(const struct call* call, const char* name, char* out, size_t capacity);

/// Answers the invocation now, and says on stderr what the Runtime API said if that is not 202.
void answer(struct call* call, const char* headers, const char* body, size_t size);
/// Keeps a line for a later invocation's "earlier" (see do_earlier), and prints it to stderr.
void note(const char* format, ...) __attribute__((format(printf, 1, 2)));
void put_notes(struct text* out);

void sleep_ms(long ms);
const char* errno_name(int error);

/// Touches that much, in pages of its own; NULL when there is no such room.
void* touch(long mb);
/// Is this the sandbox's process namespace, and an ordinary user in it? What reaches for every process or
/// forks without end is done there only.
int is_shut_in(void);

/// The behaviours by name, one table for each probe_*.c.
struct named {
  const char* name;
  behaviour* run;
};
extern const struct named api_behaviours[], stream_behaviours[], wire_behaviours[], look_behaviours[],
    ending_behaviours[], process_behaviours[], memory_behaviours[], output_behaviours[], rights_behaviours[],
    reach_behaviours[], machine_behaviours[];

/// For the init phase, by the words of _HANDLER: "init-exit-3", "init-once-signal-11", … Returns when init
/// may go on.
void run_init(const char* handler);

#endif
