// SPDX-License-Identifier: Apache-2.0
// The floor that lemu is measured against: a bare Runtime API server that spawns a program, serves it COUNT
// events over one connection and waits for the `next` that follows the last, and nothing else: no sandbox, no
// log, no report, no limit. Usage: floor COUNT EVENT PROGRAM [ARGUMENT ...]; prints the last response.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[1 << 20];
static size_t held;

static void die(const char* what) {
  perror(what);
  exit(1);
}

/// Where a chunked body that begins at `body` ends, trailers included; NULL while it is not all there.
static const char* end_of_chunks(const char* body) {
  char* size_end = NULL;
  const unsigned long size = strtoul(body, &size_end, 16);
  if (size_end == body || strstr(size_end, "\r\n") == NULL) return NULL;
  const char* chunk = strstr(size_end, "\r\n") + 2;
  if (size > 0) return chunk + size + 2 < buffer + held ? end_of_chunks(chunk + size + 2) : NULL;
  // The last chunk's size line ends in CR LF; then come trailers, then an empty line.
  const char* end = strstr(chunk - 2, "\r\n\r\n");
  return end != NULL ? end + 4 : NULL;
}

/// Reads one whole request; its size. What follows it stays in the buffer.
static size_t read_request(int fd) {
  for (;;) {
    buffer[held] = '\0';
    const char* end = strstr(buffer, "\r\n\r\n");
    if (end != NULL) {
      const size_t head = (size_t)(end - buffer) + 4;
      const char* chunked = strcasestr(buffer, "\r\nTransfer-Encoding: chunked");
      const char* body_end = NULL;
      if (chunked != NULL && chunked < end) body_end = end_of_chunks(end + 4);
      if (body_end != NULL) return (size_t)(body_end - buffer);
      const int waits = chunked != NULL && chunked < end;
      const char* length = strcasestr(buffer, "\r\nContent-Length:");
      const size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
      if (!waits && held >= head + body) return head + body;
    }
    const ssize_t n = recv(fd, buffer + held, sizeof buffer - 1 - held, 0);
    if (n <= 0) die("recv");
    held += (size_t)n;
  }
}

static void drop_request(size_t size) {
  memmove(buffer, buffer + size, held - size);
  held -= size;
}

static void reply(int fd, const char* text, size_t size) {
  if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: floor COUNT EVENT PROGRAM [ARGUMENT ...]\n");
    return 2;
  }
  const int count = atoi(argv[1]);
  const char* event = argv[2];
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr*)&address, size) < 0 || listen(listener, 8) < 0) die("listen");
  getsockname(listener, (struct sockaddr*)&address, &size);
  char variable[64];
  snprintf(variable, sizeof variable, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%d", ntohs(address.sin_port));
  char* environment[] = {variable, "_HANDLER=bootstrap", "PATH=/usr/bin:/bin", NULL};
  pid_t pid = 0;
  if (posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environment) != 0) die("spawn");

  const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) die("accept");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  static const char accepted[] =
      "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: "
      "16\r\n\r\n{\"status\":\"OK\"}\n";
  char answer[4096];
  for (int i = 0; i < count; ++i) {
    drop_request(read_request(fd));  // next
    const int answer_size =
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-%012d\r\n"
                 "Lambda-Runtime-Deadline-Ms: 99999999999999\r\nContent-Type: "
                 "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 i, strlen(event), event);
    reply(fd, answer, (size_t)answer_size);
    const size_t response = read_request(fd);
    if (i == count - 1)
      fwrite(strstr(buffer, "\r\n\r\n") + 4, 1, response - (size_t)(strstr(buffer, "\r\n\r\n") + 4 - buffer),
             stdout);
    drop_request(response);
    reply(fd, accepted, sizeof accepted - 1);
  }
  read_request(fd);  // the next that completes the last invocation
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return 0;
}
