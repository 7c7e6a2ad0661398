// SPDX-License-Identifier: Apache-2.0
// A load of callers: CONNECTIONS keep-alive connections, each with one request under way, until REQUESTS are
// answered. Usage: load PORT PATH CONNECTIONS REQUESTS BYTES [HOLD]; BYTES is the size of the JSON event.
// Prints JSON: latency in microseconds, requests a second. With HOLD it opens the connections, sends one
// request on each in turn, prints "held", and keeps them open until its stdin ends.
#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <time.h>

struct caller {
  int fd;
  struct buffer in;
  long long sent_at;
};

static char* request;
static size_t request_size;

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void make_request(int port, const char* path, size_t bytes) {
  request = malloc(bytes + 1024);
  request_size =
      (size_t)sprintf(request,
                      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      path, port, bytes);
  memset(request + request_size, 'a', bytes);
  memcpy(request + request_size, "{\"name\":\"", 9);
  memcpy(request + request_size + bytes - 2, "\"}", 2);
  request_size += bytes;
}

static int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address) < 0) die("connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void send_request(struct caller* caller) {
  caller->sent_at = now_ns();
  for (size_t sent = 0; sent < request_size;) {
    const ssize_t n = send(caller->fd, request + sent, request_size - sent, MSG_NOSIGNAL);
    if (n <= 0) die("send");
    sent += (size_t)n;
  }
}

/// The time of the answer that is whole now; 0 while it is not.
static long long take_answer(struct caller* caller) {
  struct message answer;
  if (read_more(caller->fd, &caller->in) < 0) die("the server closed a connection");
  if (!find_message(&caller->in, &answer)) return 0;
  const long long taken = now_ns() - caller->sent_at;
  if (memcmp(caller->in.data, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "load: %.*s\n", (int)answer.whole, caller->in.data);
    exit(1);
  }
  drop(&caller->in, answer.whole);
  return taken;
}

static int by_size(const void* a, const void* b) {
  const long long x = *(const long long*)a, y = *(const long long*)b;
  return x < y ? -1 : x > y;
}

static void hold(struct caller* callers, int connections, int port) {
  for (int i = 0; i < connections; ++i) {
    callers[i].fd = connect_to(port);
    send_request(&callers[i]);
    while (take_answer(&callers[i]) == 0) continue;
    free(callers[i].in.data);
  }
  puts("held");
  fflush(stdout);
  while (getchar() != EOF) continue;
}

int main(int argc, char** argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: load PORT PATH CONNECTIONS REQUESTS BYTES [HOLD]\n");
    return 2;
  }
  const int port = atoi(argv[1]), connections = atoi(argv[3]), requests = atoi(argv[4]);
  make_request(port, argv[2], strtoul(argv[5], NULL, 10));
  struct caller* callers = calloc((size_t)connections, sizeof *callers);
  if (argc > 6) {
    hold(callers, connections, port);
    return 0;
  }
  long long* times = calloc((size_t)requests, sizeof *times);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < connections; ++i) {
    callers[i].fd = connect_to(port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &callers[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, callers[i].fd, &event);
  }
  const long long begun = now_ns();
  int under_way = 0, done = 0;
  for (int i = 0; i < connections && under_way < requests; ++i, ++under_way) send_request(&callers[i]);
  while (done < requests) {
    struct epoll_event events[64];
    const int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      struct caller* caller = events[i].data.ptr;
      const long long taken = take_answer(caller);
      if (taken == 0) continue;
      times[done++] = taken;
      if (under_way < requests) {
        send_request(caller);
        ++under_way;
      }
    }
  }
  const double seconds = (double)(now_ns() - begun) / 1e9;
  qsort(times, (size_t)requests, sizeof *times, by_size);
  printf("{\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f,\"per_second\":%.1f,\"seconds\":%.3f}\n",
         (double)times[requests / 2] / 1e3, (double)times[(long long)requests * 99 / 100] / 1e3,
         (double)times[requests - 1] / 1e3, requests / seconds, seconds);
  return 0;
}
