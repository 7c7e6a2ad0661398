// SPDX-License-Identifier: Apache-2.0
// A response in pieces, as runtimes that stream write it, each when the test says so.
#include "probe.h"

#include <signal.h>
#include <time.h>

/// The test's end of the stream: it hears when a piece is written, and lets the next one go.
static int gate = -1;

static void open_gate(const struct call* call) {
  const long port = number_field(call, "gate", 0);
  if (!port) return;
  gate = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(gate, (const struct sockaddr*)&address, sizeof address) != 0) _exit(92);
}

/// Tells the time at which a piece is about to be written, in nanoseconds of CLOCK_MONOTONIC.
static void tell_time(void) {
  if (gate < 0) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[32];
  rt_send_all(gate, line, (size_t)sprintf(line, "%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec));
}

static void pass_gate(void) {
  char byte;
  if (gate >= 0 && recv(gate, &byte, 1, 0) != 1) _exit(93);
}

static void send_piece(const char* data, size_t size) {
  struct text chunk = {0};
  put(&chunk, "%zx\r\n", size);
  put_bytes(&chunk, data, size);
  put_bytes(&chunk, "\r\n", 2);
  tell_time();
  rt_send_all(rt_socket, chunk.data, chunk.size);
  free(chunk.data);
}

/// The text's parts between '|', or `count` pieces of `size` bytes.
static void send_pieces(const struct call* call) {
  char text[4096];
  text_field(call, "text", text, sizeof text);
  for (char* part = strtok(text, "|"); part; part = strtok(NULL, "|")) {
    send_piece(part, strlen(part));
    pass_gate();
  }
  const size_t size = (size_t)number_field(call, "size", 0);
  char* filler = malloc(size + 1);
  memset(filler, 's', size);
  for (long left = number_field(call, "count", size ? 1 : 0); left > 0; --left) send_piece(filler, size);
  free(filler);
}

static void send_head(const struct call* call) {
  char mode[64], type[128];
  text_field(call, "mode", mode, sizeof mode);
  text_field(call, "type", type, sizeof type);
  struct text head = {0};
  put(&head,
      "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      "Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n",
      call->id);
  if (*mode) put(&head, "Lambda-Runtime-Function-Response-Mode: %s\r\n", mode);
  if (*type) put(&head, "Content-Type: %s\r\n", type);
  put(&head, "\r\n");
  rt_send_all(rt_socket, head.data, head.size);
  free(head.data);
}

static void send_end(const struct call* call) {
  char type[128], body[2048];
  text_field(call, "error_type", type, sizeof type);
  text_field(call, "error_body", body, sizeof body);
  struct text end = {0};
  put(&end, "0\r\nLambda-Runtime-Function-Error-Type: %s\r\nLambda-Runtime-Function-Error-Body: %s\r\n\r\n",
      type, body);
  rt_send_all(rt_socket, end.data, end.size);
  free(end.data);
  struct rt_reply reply = rt_read(rt_socket);
  if (reply.status == 0) _exit(91);
  if (reply.status != 202) {
    note("response: %d %s", reply.status, reply.body);
    close(rt_socket);  // as the answer asks for
    rt_socket = -1;
  }
  rt_free(&reply);
}

/// {"do":"stream","text":"one|two","gate":PORT,"mode":"streaming","type":"…","end":"exit"}. With a gate, a
/// connection to the test, each piece of the text waits for a byte of it before the function goes on. The end
/// is a last chunk with `error_type` and `error_body` as trailers, or: exit, kill, close (the connection
/// alone), hang.
static void do_stream(struct call* call) {
  char end[16];
  text_field(call, "end", end, sizeof end);
  open_gate(call);
  send_head(call);
  send_pieces(call);
  if (strcmp(end, "exit") == 0) _exit((int)number_field(call, "code", 3));
  if (strcmp(end, "kill") == 0) kill(getpid(), SIGKILL);
  if (strcmp(end, "hang") == 0) pause();
  if (strcmp(end, "close") == 0) {
    close(rt_socket);
    rt_socket = -1;
  } else {
    send_end(call);
  }
  if (gate >= 0) close(gate);
  gate = -1;
  call->answered = 1;
}

const struct named stream_behaviours[] = {{"stream", do_stream}, {NULL, NULL}};
