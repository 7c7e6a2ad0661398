// SPDX-License-Identifier: Apache-2.0
// A bootstrap that behaves or misbehaves as its event says: {"do":"exit","code":3}. See README.md.
#include "probe.h"

#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

int rt_socket = -1;
static struct text notes;

static const char* find_field(const struct call* call, const char* name) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\"", name);
  for (const char* at = call->event->body; at && (at = strstr(at, quoted)) != NULL;) {
    at += strlen(quoted);
    at += strspn(at, " ");
    if (*at == ':') return at + 1 + strspn(at + 1, " ");
  }
  return NULL;
}

long number_field(const struct call* call, const char* name, long fallback) {
  const char* value = find_field(call, name);
  return value ? strtol(value, NULL, 10) : fallback;
}

void text_field(const struct call* call, const char* name, char* out, size_t capacity) {
  const char* value = find_field(call, name);
  size_t n = 0;
  if (value && *value == '"') {
    for (++value; *value && *value != '"' && n + 1 < capacity; ++value) {
      if (*value == '\\') {
        ++value;
        out[n++] = *value == 'n' ? '\n' : *value == 'r' ? '\r' : *value == 't' ? '\t' : *value;
      } else if (strncmp(value, "$ID", 3) == 0 && n + sizeof call->id < capacity) {
        n += (size_t)sprintf(out + n, "%s", call->id);
        value += 2;
      } else {
        out[n++] = *value;
      }
    }
  }
  out[n] = 0;
}

void note(const char* format, ...) {
  char line[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  fprintf(stderr, "probe: %s\n", line);
  if (notes.size) put(&notes, ",");
  put_string(&notes, line, strlen(line));
}

void put_notes(struct text* out) { put(out, "[%s]", notes.data ? notes.data : ""); }

int is_shut_in(void) { return getuid() == 993 && getppid() == 1; }

void sleep_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0 && errno == EINTR) {
  }
}

const char* errno_name(int error) {
  const char* name = error ? strerrorname_np(error) : "";
  return name ? name : "?";
}

void answer(struct call* call, const char* headers, const char* body, size_t size) {
  struct rt_reply reply = rt_post(call->id, "response", headers, body, size);
  if (reply.status == 0) _exit(91);  // else the same event would come again, for ever
  if (reply.status != 202) note("response: %d %s", reply.status, reply.body ? reply.body : "connection lost");
  rt_free(&reply);
  call->answered = 1;
}

static behaviour* find_behaviour(const char* name) {
  const struct named* tables[] = {api_behaviours,    stream_behaviours,  wire_behaviours,   look_behaviours,
                                  ending_behaviours, process_behaviours, memory_behaviours, output_behaviours,
                                  rights_behaviours, reach_behaviours,   machine_behaviours};
  for (size_t t = 0; t < sizeof tables / sizeof *tables; ++t) {
    for (const struct named* entry = tables[t]; entry->name; ++entry) {
      if (strcmp(entry->name, name) == 0) return entry->run;
    }
  }
  return NULL;
}

/// A file that outlives this process, so that "once" and "at" can tell a second run from the first.
static long bump(const char* name) {
  long count = 0;
  char path[1024];
  const char* folder = getenv("TMPDIR");  // what a run without a sandbox has in /tmp's place
  snprintf(path, sizeof path, "%s/%s", folder ? folder : "/tmp", name);
  FILE* file = fopen(path, "r");
  if (file) {
    if (fscanf(file, "%ld", &count) != 1) count = 0;
    fclose(file);
  }
  file = fopen(path, "w");
  if (file) {
    fprintf(file, "%ld", ++count);
    fclose(file);
  }
  return count;
}

/// {"do":"exit","at":2}: the behaviour on the second invocation of this environment; on the others, the two
/// counters. The one in /tmp survives a reset, the one in memory does not.
static void run_call(struct call* call) {
  char name[64];
  text_field(call, "do", name, sizeof name);
  const long at = number_field(call, "at", 0);
  if (at || strcmp(name, "count") == 0) {
    const long file = bump("count");
    if (file != at) {
      put(&call->out, "{\"memory\":%d,\"file\":%ld}", call->number, file);
      return;
    }
  }
  behaviour* run = find_behaviour(*name ? name : "echo");
  if (run)
    run(call);
  else
    put(&call->out, "{\"unknown\":\"%s\"}", name);
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  if (argc > 1 && strcmp(argv[1], "child") == 0) {
    struct utsname machine;
    uname(&machine);
    printf("child on %s\n", machine.machine);
    return 7;
  }
  const char* handler = getenv("_HANDLER");
  if (handler && strncmp(handler, "init-", 5) == 0) {
    const int once = strncmp(handler, "init-once-", 10) == 0;
    if (!once || bump("inits") == 1) run_init(handler + (once ? 10 : 5));
  }
  for (int number = 1;; ++number) {
    struct rt_reply event = rt_next();
    if (event.status != 200) {
      fprintf(stderr, "probe: next: %d\n", event.status);
      return 90;
    }
    struct call call = {.event = &event, .number = number};
    rt_header(&event, "Lambda-Runtime-Aws-Request-Id", call.id, sizeof call.id);
    run_call(&call);
    if (!call.answered)
      answer(&call, "Content-Type: application/json\r\n", call.out.data ? call.out.data : "null",
             call.out.data ? call.out.size : 4);
    const long after = number_field(&call, "sleep_after", 0);
    if (after) sleep_ms(after);
    free(call.out.data);
    rt_free(&event);
  }
}
