// SPDX-License-Identifier: Apache-2.0
// Behaviours that print.
#include "probe.h"

#include <fcntl.h>

/// {"do":"print","stream":"stderr","text":"…","lines":3,"bytes":100}: no newline is added to text but between
/// lines.
static void do_print(struct call* call) {
  char stream[16], words[8192];
  text_field(call, "stream", stream, sizeof stream);
  text_field(call, "text", words, sizeof words);
  FILE* out = strcmp(stream, "stderr") == 0 ? stderr : stdout;
  for (long i = 0; i < number_field(call, "lines", 0); ++i) fprintf(out, "line %ld\n", i + 1);
  const long bytes = number_field(call, "bytes", 0);
  static char block[65536];
  memset(block, 'x', sizeof block);
  for (long left = bytes; left > 0; left -= (long)sizeof block)
    fwrite(block, 1, left < (long)sizeof block ? (size_t)left : sizeof block, out);
  fputs(words, out);
  fflush(out);
  put(&call->out, "null");
}

/// Every byte there is, 16 times.
static void do_print_binary(struct call* call) {
  unsigned char bytes[4096];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = (unsigned char)i;
  fwrite(bytes, 1, sizeof bytes, stdout);
  fflush(stdout);
  put(&call->out, "null");
}

/// {"do":"flood","background":1,"text":"…\n"}: the same text without end; from a child while this process
/// answers.
static void do_flood(struct call* call) {
  char words[1024];
  static char block[65536];
  text_field(call, "text", words, sizeof words);
  if (!*words) strcpy(words, "flood\n");
  size_t size = 0;
  for (; size + strlen(words) < sizeof block; size += strlen(words)) strcpy(block + size, words);
  if (number_field(call, "background", 0)) {
    int begun[2];
    if (pipe2(begun, O_CLOEXEC) != 0) return;
    if (fork() != 0) {
      char byte;
      if (read(begun[0], &byte, 1) == 1) put(&call->out, "\"flooding\"");
      return;
    }
    if (write(STDOUT_FILENO, block, size) < 0 || write(begun[1], "x", 1) < 0) _exit(1);
  }
  while (write(STDOUT_FILENO, block, size) >= 0) {
  }
  _exit(1);
}

/// {"do":"close-output"}: stdout and stderr closed for good.
static void do_close_output(struct call* call) {
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  const int refused = write(STDOUT_FILENO, "x", 1) < 0 ? errno : 0;
  put(&call->out, "{\"error\":\"%s\"}", errno_name(refused));
}

/// {"do":"hold-output","code":3}: a grandchild of another session keeps stdout and stderr open, and this
/// process leaves.
static void do_hold_output(struct call* call) {
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    close(rt_socket);
    for (;;) pause();
  }
  printf("last words\n");
  _exit((int)number_field(call, "code", 0));
}

const struct named output_behaviours[] = {{"print", do_print},
                                          {"print-binary", do_print_binary},
                                          {"flood", do_flood},
                                          {"close-output", do_close_output},
                                          {"hold-output", do_hold_output},
                                          {NULL, NULL}};
