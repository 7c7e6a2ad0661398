// SPDX-License-Identifier: Apache-2.0
// The floor of a daemon: a relay of one thread that spawns ENVIRONMENTS runtimes, takes callers' POSTs on one
// port, hands each to an idle runtime by the Runtime API on another, and the answer back; and nothing else:
// no sandbox, no log, no limit, no check. Usage: relay ENVIRONMENTS PROGRAM [ARGUMENT ...]; prints the
// callers' port when every runtime waits for an event, and serves until it is killed.
#include "http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/uio.h>

enum kind { LISTENS_FOR_CALLERS, LISTENS_FOR_RUNTIMES, CALLER, RUNTIME };

struct connection {
  enum kind kind;
  int fd;
  struct buffer in, out;
  struct connection* caller;  // RUNTIME: whose event it works on
  struct connection* next_idle;
  struct connection* next_waiting;
  int waits;  // CALLER: its request is not handed over yet
};

static int epoll;
static struct connection* idle;
static struct connection *waiting_first, *waiting_last;
static int environments, started;

static struct connection* watch(int fd, enum kind kind) {
  struct connection* one = calloc(1, sizeof *one);
  one->kind = kind;
  one->fd = fd;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  return one;
}

static void set_events(struct connection* one, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = one};
  epoll_ctl(epoll, EPOLL_CTL_MOD, one->fd, &event);
}

static void send_two(struct connection* to, const char* head, size_t head_size, const char* body,
                     size_t size) {
  ssize_t sent = 0;
  if (to->out.size == 0) {
    struct iovec pieces[2] = {{(char*)head, head_size}, {(char*)body, size}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    sent = sendmsg(to->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) sent = 0;
  }
  const size_t done = (size_t)sent;
  if (done == head_size + size) return;
  make_room(&to->out, head_size + size);
  const size_t of_head = done < head_size ? done : head_size;
  memcpy(to->out.data + to->out.size, head + of_head, head_size - of_head);
  to->out.size += head_size - of_head;
  const size_t of_body = done - of_head;
  memcpy(to->out.data + to->out.size, body + of_body, size - of_body);
  to->out.size += size - of_body;
  set_events(to, EPOLLIN | EPOLLOUT);
}

static void send_rest(struct connection* to) {
  const ssize_t sent = send(to->fd, to->out.data, to->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) drop(&to->out, (size_t)sent);
  if (to->out.size == 0) set_events(to, EPOLLIN);
}

/// The request at the start of the caller's buffer to an idle runtime.
static void hand_over(struct connection* caller, const struct message* request) {
  static unsigned long number;
  struct connection* runtime = idle;
  idle = runtime->next_idle;
  runtime->caller = caller;
  char head[256];
  const int size =
      snprintf(head, sizeof head,
               "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-%012lu\r\n"
               "Lambda-Runtime-Deadline-Ms: 99999999999999\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n",
               ++number, request->body_size);
  send_two(runtime, head, (size_t)size, request->body, request->body_size);
  caller->waits = 0;
  drop(&caller->in, request->whole);
}

static void on_caller(struct connection* caller) {
  struct message request;
  if (caller->waits || !find_message(&caller->in, &request)) return;
  if (idle != NULL) {
    hand_over(caller, &request);
    return;
  }
  caller->waits = 1;
  caller->next_waiting = NULL;
  if (waiting_first == NULL)
    waiting_first = caller;
  else
    waiting_last->next_waiting = caller;
  waiting_last = caller;
}

static void become_idle(struct connection* runtime) {
  runtime->next_idle = idle;
  idle = runtime;
  if (++started == environments) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(3, (struct sockaddr*)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
  }
  if (waiting_first == NULL) return;
  struct connection* caller = waiting_first;
  waiting_first = caller->next_waiting;
  struct message request;
  if (find_message(&caller->in, &request)) hand_over(caller, &request);
}

static void on_runtime(struct connection* runtime) {
  struct message request;
  while (find_message(&runtime->in, &request)) {
    if (runtime->in.data[0] == 'G') {
      drop(&runtime->in, request.whole);
      become_idle(runtime);
      continue;
    }
    static const char accepted[] =
        "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: "
        "16\r\n\r\n{\"status\":\"OK\"}\n";
    send_two(runtime, accepted, sizeof accepted - 1, "", 0);
    char head[128];
    const int size = snprintf(
        head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        request.body_size);
    send_two(runtime->caller, head, (size_t)size, request.body, request.body_size);
    drop(&runtime->in, request.whole);
  }
}

static void on_listener(struct connection* listener) {
  const int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) die("accept");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  watch(fd, listener->kind == LISTENS_FOR_CALLERS ? CALLER : RUNTIME);
}

static void on_readable(struct connection* one) {
  if (one->kind == LISTENS_FOR_CALLERS || one->kind == LISTENS_FOR_RUNTIMES) {
    on_listener(one);
    return;
  }
  if (read_more(one->fd, &one->in) < 0) {
    close(one->fd);  // (the rest of it is needed by nobody, and little)
    return;
  }
  if (one->kind == CALLER)
    on_caller(one);
  else
    on_runtime(one);
}

static int listen_somewhere(int at) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4096) < 0) die("listen");
  if (fd == at) return fd;
  dup3(fd, at, O_CLOEXEC);
  close(fd);
  return at;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: relay ENVIRONMENTS PROGRAM [ARGUMENT ...]\n");
    return 2;
  }
  environments = atoi(argv[1]);
  const int for_callers = listen_somewhere(3), for_runtimes = listen_somewhere(4);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(for_callers, LISTENS_FOR_CALLERS);
  watch(for_runtimes, LISTENS_FOR_RUNTIMES);
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  getsockname(for_runtimes, (struct sockaddr*)&address, &size);
  char variable[64];
  snprintf(variable, sizeof variable, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%d", ntohs(address.sin_port));
  char* environment[] = {variable, "_HANDLER=bootstrap", "PATH=/usr/bin:/bin", NULL};
  for (int i = 0; i < environments; ++i) {
    pid_t pid = 0;
    if (posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, environment) != 0) die("spawn");
  }
  for (;;) {
    struct epoll_event events[64];
    const int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      struct connection* one = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_rest(one);
      if (events[i].events & (EPOLLIN | EPOLLHUP)) on_readable(one);
    }
  }
}
