// SPDX-License-Identifier: Apache-2.0
// Behaviours on the bytes of the Runtime API's connections: what no HTTP client would send.
#include "probe.h"

#include <fcntl.h>
#include <poll.h>

/// Closes with a reset instead of an end.
static void reset_connection(int fd) {
  const struct linger none = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(fd);
}

static int answer_waits(int fd) {
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  return poll(&wait, 1, 0) > 0;
}

static void send_pieces(int fd, const char* bytes, size_t size, size_t piece) {
  for (size_t at = 0; at < size; at += piece)
    if (rt_send_all(fd, bytes + at, size - at < piece ? size - at : piece) != 0) return;
}

/// As often as wanted, or (times < 0) until the other side has said something or is gone.
static void send_times(int fd, const char* words, long times) {
  struct text block = {0};
  const size_t size = strlen(words);
  if (times >= 0) {
    for (long i = 0; i < times; ++i) put_bytes(&block, words, size);
    rt_send_all(fd, block.data, block.size);
  } else {
    while (block.size < 65536) put_bytes(&block, words, size);
    while (!answer_waits(fd) && rt_send_all(fd, block.data, block.size) == 0) {
    }
  }
  free(block.data);
}

/// {"do":"raw","send":"POST /…$ID…\r\n…","then":"…","times":N,"end":"…","drip":BYTES,"shut":1,"answered":1}:
/// these very bytes on a connection of their own: `send` once (in pieces of `drip`), `then` N times (-1:
/// until there is an answer), `end` once.
static void do_raw(struct call* call) {
  char words[16384];
  const int fd = rt_connect();
  text_field(call, "send", words, sizeof words);
  const size_t drip = (size_t)number_field(call, "drip", sizeof words);
  send_pieces(fd, words, strlen(words), drip);
  text_field(call, "then", words, sizeof words);
  if (*words) send_times(fd, words, number_field(call, "times", 1));
  text_field(call, "end", words, sizeof words);
  send_pieces(fd, words, strlen(words), drip);
  if (number_field(call, "shut", 0)) shutdown(fd, SHUT_WR);
  struct rt_reply reply = rt_read(fd);
  close(fd);
  call->answered = (int)number_field(call, "answered", 0);
  note("raw: %d %s", reply.status, reply.body ? reply.body : "connection closed");
  if (!call->answered) {
    put(&call->out, "{\"notes\":");
    put_notes(&call->out);
    put(&call->out, "}");
  }
  rt_free(&reply);
}

/// {"do":"cut","send":"…"}: for each length up to the whole, that much of these bytes on a connection of its
/// own, which is then ended or reset by turns. Answers with the count.
static void do_cut(struct call* call) {
  char words[4096];
  text_field(call, "send", words, sizeof words);
  const size_t size = strlen(words);
  for (size_t n = 0; n <= size; ++n) {
    const int fd = rt_connect();
    rt_send_all(fd, words, n);
    if (n % 2)
      reset_connection(fd);
    else
      close(fd);
  }
  put(&call->out, "{\"cuts\":%zu}", size + 1);
}

/// {"do":"garbage","n":N}: N connections, each with up to 4 kB of what a generator of random numbers gives.
/// Answers with how many were told something and how many were just closed.
static void do_garbage(struct call* call) {
  const long n = number_field(call, "n", 100);
  unsigned long state = 88172645463325252UL;
  long told = 0;
  for (long i = 0; i < n; ++i) {
    char bytes[4096];
    for (size_t at = 0; at < sizeof bytes; at += sizeof state) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;  // Marsaglia's xorshift
      memcpy(bytes + at, &state, sizeof state);
    }
    const int fd = rt_connect();
    send_pieces(fd, bytes, 1 + state % sizeof bytes, sizeof bytes);
    shutdown(fd, SHUT_WR);
    struct rt_reply reply = rt_read(fd);
    told += reply.status >= 400 && reply.status < 500;
    rt_free(&reply);
    close(fd);
  }
  put(&call->out, "{\"sent\":%ld,\"told\":%ld}", n, told);
}

/// {"do":"pipeline","n":N}: N pings and the response in one go, then the end of the sending side. The next
/// invocation's "earlier" tells what came back.
static void do_pipeline(struct call* call) {
  struct text all = {0}, heard = {0};
  for (long i = 0; i < number_field(call, "n", 10); ++i)
    put(&all, "GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n");
  put(&all,
      "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Length: "
      "6\r\n\r\n\"pipe\"",
      call->id);
  const int fd = rt_connect();
  rt_send_all(fd, all.data, all.size);
  shutdown(fd, SHUT_WR);
  char bytes[65536];
  for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) put_bytes(&heard, bytes, (size_t)n);
  close(fd);
  int pongs = 0, accepted = 0;
  for (const char* at = heard.data; at && (at = strstr(at, "HTTP/1.1 ")) != NULL; ++at) {
    pongs += strncmp(at + 9, "200", 3) == 0;
    accepted += strncmp(at + 9, "202", 3) == 0;
  }
  note("pongs %d accepted %d", pongs, accepted);
  call->answered = 1;
  free(all.data);
  free(heard.data);
}

static int connect_and_ask(long ask) {
  static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
  const int fd = rt_connect();
  if (fd < 0 || !ask) return fd;
  rt_send_all(fd, next, sizeof next - 1);
  struct pollfd answer = {.fd = fd, .events = POLLIN};
  poll(&answer, 1, -1);
  return fd;
}

/// {"do":"connections","n":1100,"mb":M,"next":1}: that many connections to the Runtime API, held open by
/// children, as one process may have 1,024 descriptors; each asks
/// for the event and is given it, which nobody reads. Then
/// touches M MB, and answers on the kept one.
static void do_connections(struct call* call) {
  const long n = number_field(call, "n", 1100), each = 550, ask = number_field(call, "next", 0);
  int told[2];
  long opened = 0;
  if (pipe2(told, O_CLOEXEC) != 0) return;
  for (long first = 0; first < n; first += each) {
    if (fork() != 0) {
      long count = 0;
      if (read(told[0], &count, sizeof count) == sizeof count) opened += count;
      continue;
    }
    long count = 0;
    while (count < each && first + count < n && connect_and_ask(ask) >= 0) ++count;
    if (write(told[1], &count, sizeof count) < 0) _exit(1);
    for (;;) pause();
  }
  if (number_field(call, "mb", 0)) touch(number_field(call, "mb", 0));
  put(&call->out, "{\"opened\":%ld}", opened);
}

/// {"do":"swamp","n":N,"head":"POST …\r\n","then":"…","times":T}: N connections, each of which sends this and
/// neither ends nor reads; what the Runtime API does not take at once is dropped. Answers with how many there
/// were; `sleep_after` keeps them open.
static void do_swamp(struct call* call) {
  char head[16384], then[16384];
  text_field(call, "head", head, sizeof head);
  text_field(call, "then", then, sizeof then);
  struct text block = {0};
  for (long i = number_field(call, "times", 0); i > 0; --i) put_bytes(&block, then, strlen(then));
  long opened = 0;
  for (long i = number_field(call, "n", 100); i > 0; --i, ++opened) {
    const int fd = rt_connect();
    if (fd < 0) break;
    // Given up after a second in which the other side takes nothing.
    const struct timeval patience = {.tv_usec = 200000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (rt_send_all(fd, head, strlen(head)) == 0) rt_send_all(fd, block.data, block.size);
  }
  put(&call->out, "{\"opened\":%ld}", opened);
  free(block.data);
}

/// Two processes connect and hang up without end; nobody answers.
static void do_connect_for_ever(struct call* call) {
  (void)call;
  fork();
  for (;;) {
    const int fd = rt_connect();
    if (fd >= 0) reset_connection(fd);
  }
}

const struct named wire_behaviours[] = {{"raw", do_raw},
                                        {"cut", do_cut},
                                        {"garbage", do_garbage},
                                        {"pipeline", do_pipeline},
                                        {"connections", do_connections},
                                        {"connect-for-ever", do_connect_for_ever},
                                        {"swamp", do_swamp},
                                        {NULL, NULL}};
