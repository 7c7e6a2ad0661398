// SPDX-License-Identifier: Apache-2.0
// A minimal Runtime API client over one kept connection, for test functions in C. One thread; aborts nothing:
// a broken connection is reported as status 0.
#ifndef LEMU_TEST_RUNTIME_H
#define LEMU_TEST_RUNTIME_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// An HTTP answer. `status` 0: the connection broke. Free with rt_free.
struct rt_reply {
  int status;
  char* headers;  // from the status line to the last header's CRLF, zero-terminated
  char* body;     // zero-terminated too
  size_t size;
};

/// The kept connection; -1 when there is none. Defined by the program.
extern int rt_socket;

static inline void rt_free(struct rt_reply* reply) {
  free(reply->headers);
  free(reply->body);
  memset(reply, 0, sizeof *reply);
}

/// A new connection to AWS_LAMBDA_RUNTIME_API, or -1.
static inline int rt_connect(void) {
  const char* where = getenv("AWS_LAMBDA_RUNTIME_API");
  const char* colon = where ? strrchr(where, ':') : NULL;
  if (!colon) return -1;
  char host[64];
  snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(colon + 1))};
  if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &address.sin_addr) != 1) return -1;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr*)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static inline int rt_send_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

/// A header's value in `out` ("" when absent).
static inline void rt_header(const struct rt_reply* reply, const char* name, char* out, size_t capacity) {
  out[0] = 0;
  const size_t length = strlen(name);
  for (const char* line = reply->headers; line && (line = strstr(line, "\r\n")) != NULL;) {
    line += 2;
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') continue;
    const char* value = line + length + 1;
    while (*value == ' ') ++value;
    const char* end = strstr(value, "\r\n");
    snprintf(out, capacity, "%.*s", (int)(end ? end - value : (long)strlen(value)), value);
    return;
  }
}

/// Joins the chunks in place and gives the size of the whole. 0 while they are not all there.
static inline int rt_join_chunks(char* body, size_t used, size_t* size) {
  for (int joining = 0; joining < 2; ++joining) {
    size_t at = 0, chunk = 1;
    for (*size = 0; chunk != 0; *size += chunk) {
      const char* line = memmem(body + at, used - at, "\r\n", 2);
      if (!line) return 0;
      chunk = strtoul(body + at, NULL, 16);
      at = (size_t)(line + 2 - body);
      if (used < at + chunk + 2) return 0;
      if (joining) memmove(body + *size, body + at, chunk);
      at += chunk + 2;
    }
  }
  return 1;
}

/// Reads one answer, by its Content-Length or in chunks.
static inline struct rt_reply rt_read(int fd) {
  struct rt_reply reply = {0};
  size_t used = 0, capacity = 65536, head = 0, want = 0;
  int chunked = 0;
  char* data = malloc(capacity + 1);
  for (;;) {
    data[used] = 0;
    if (head == 0) {
      char* end = strstr(data, "\r\n\r\n");
      if (end && strncmp(data, "HTTP/1.1 100", 12) == 0) {  // the interim answer to Expect: 100-continue
        used -= (size_t)(end + 4 - data);
        memmove(data, end + 4, used + 1);
        continue;
      }
      if (end) {
        head = (size_t)(end + 4 - data);
        reply.headers = strndup(data, head - 2);
        reply.status = atoi(data + 9);
        char length[32];
        rt_header(&reply, "Content-Length", length, sizeof length);
        want = head + strtoul(length, NULL, 10);
        rt_header(&reply, "Transfer-Encoding", length, sizeof length);
        chunked = strcmp(length, "chunked") == 0;
      }
    }
    if (head != 0 && !chunked && used >= want) break;
    if (chunked && rt_join_chunks(data + head, used - head, &reply.size)) {
      want = head + reply.size;
      break;
    }
    if (used == capacity) data = realloc(data, (capacity *= 2) + 1);
    const ssize_t n = recv(fd, data + used, capacity - used, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      free(data);
      rt_free(&reply);
      return reply;
    }
    used += (size_t)n;
  }
  reply.size = want - head;
  reply.body = malloc(reply.size + 1);
  memcpy(reply.body, data + head, reply.size);
  reply.body[reply.size] = 0;
  free(data);
  return reply;
}

/// `headers` are whole lines, each with its CRLF, or "". The body may be NULL.
static inline struct rt_reply rt_request(const char* method, const char* path, const char* headers,
                                         const char* body, size_t size) {
  if (rt_socket < 0) rt_socket = rt_connect();
  char head[8192];
  const int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n%s\r\n",
                         method, path, getenv("AWS_LAMBDA_RUNTIME_API"), size, headers);
  struct rt_reply reply = {0};
  if (rt_socket >= 0 && rt_send_all(rt_socket, head, (size_t)n) == 0 &&
      rt_send_all(rt_socket, body, size) == 0) {
    reply = rt_read(rt_socket);
  }
  if (reply.status == 0 && rt_socket >= 0) {
    close(rt_socket);
    rt_socket = -1;
  }
  return reply;
}

static inline struct rt_reply rt_next(void) {
  return rt_request("GET", "/2018-06-01/runtime/invocation/next", "", NULL, 0);
}

/// POST to /runtime/invocation/ID/WHAT.
static inline struct rt_reply rt_post(const char* id, const char* what, const char* headers, const char* body,
                                      size_t size) {
  char path[256];
  snprintf(path, sizeof path, "/2018-06-01/runtime/invocation/%s/%s", id, what);
  return rt_request("POST", path, headers, body, size);
}

/// Text that grows; what test functions build their JSON in.
struct text {
  char* data;
  size_t size, capacity;
};

static inline void put_bytes(struct text* text, const char* bytes, size_t size) {
  if (text->size + size + 1 > text->capacity) {
    text->capacity = (text->size + size + 1) * 2;
    text->data = realloc(text->data, text->capacity);
  }
  memcpy(text->data + text->size, bytes, size);
  text->size += size;
  text->data[text->size] = 0;
}

__attribute__((format(printf, 2, 3))) static inline void put(struct text* text, const char* format, ...) {
  char line[4096];
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  put_bytes(text, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

/// A JSON string; bytes that are not printable ASCII are escaped as if Latin-1.
static inline void put_string(struct text* text, const char* bytes, size_t size) {
  put_bytes(text, "\"", 1);
  for (size_t i = 0; i < size; ++i) {
    const unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\')
      put(text, "\\%c", c);
    else if (c < 32 || c > 126)
      put(text, "\\u%04x", c);
    else
      put_bytes(text, bytes + i, 1);
  }
  put_bytes(text, "\"", 1);
}

#endif
