// SPDX-License-Identifier: Apache-2.0
// As much of HTTP/1.1 as the bench's own programs need: a growing buffer that a connection reads into, and
// whole messages found in it. What cannot be is the end of the program.
#ifndef LEMU_PERF_HTTP_H
#define LEMU_PERF_HTTP_H
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct buffer {
  char* data;
  size_t size, room;
};

struct message {
  size_t whole;  // bytes of the buffer that it takes up
  const char* body;
  size_t body_size;
};

static inline void die(const char* what) {
  perror(what);
  exit(1);
}

static inline void make_room(struct buffer* buffer, size_t more) {
  if (buffer->size + more + 1 <= buffer->room) return;
  buffer->room = (buffer->size + more + 1) * 2;
  buffer->data = realloc(buffer->data, buffer->room);
  if (buffer->data == NULL) die("realloc");
}

static inline void drop(struct buffer* buffer, size_t size) {
  memmove(buffer->data, buffer->data + size, buffer->size - size);
  buffer->size -= size;
}

/// Takes the chunks at `from` together into one body, in place. 0 while they are not all there.
static inline int join_chunks(struct buffer* buffer, size_t from, struct message* message) {
  // First a look without changing anything, then the moving.
  for (int moving = 0; moving < 2; ++moving) {
    size_t at = from, body = from;
    for (;;) {
      const char* line_end = memmem(buffer->data + at, buffer->size - at, "\r\n", 2);
      if (line_end == NULL) return 0;
      const size_t chunk = strtoul(buffer->data + at, NULL, 16);
      at = (size_t)(line_end - buffer->data) + 2;
      if (chunk == 0) break;
      if (at + chunk + 2 > buffer->size) return 0;
      if (moving) memmove(buffer->data + body, buffer->data + at, chunk);
      body += chunk;
      at += chunk + 2;
    }
    // Trailers, then an empty line.
    const char* end = memmem(buffer->data + at - 2, buffer->size - at + 2, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    message->whole = (size_t)(end - buffer->data) + 4;
    message->body = buffer->data + from;
    message->body_size = body - from;
  }
  return 1;
}

/// Whether a whole message stands at the buffer's start.
static inline int find_message(struct buffer* buffer, struct message* message) {
  if (buffer->size == 0) return 0;
  const char* end = memmem(buffer->data, buffer->size, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  const size_t head = (size_t)(end - buffer->data) + 4;
  const char last = buffer->data[head - 1];
  buffer->data[head - 1] = '\0';
  const char* length = strcasestr(buffer->data, "\r\nContent-Length:");
  const int chunked = strcasestr(buffer->data, "\r\nTransfer-Encoding: chunked") != NULL;
  const size_t declared = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
  buffer->data[head - 1] = last;
  if (chunked) return join_chunks(buffer, head, message);
  if (buffer->size < head + declared) return 0;
  *message = (struct message){head + declared, buffer->data + head, declared};
  return 1;
}

/// Reads what is there. 1: something came; 0: nothing yet; -1: the peer is gone.
static inline int read_more(int fd, struct buffer* buffer) {
  make_room(buffer, 256 * 1024);
  const ssize_t n = recv(fd, buffer->data + buffer->size, buffer->room - buffer->size - 1, MSG_DONTWAIT);
  if (n > 0) {
    buffer->size += (size_t)n;
    return 1;
  }
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}
#endif
