// SPDX-License-Identifier: Apache-2.0
// Behaviours towards the Runtime API: right ones, wrong ones, and ones only some clients have.
#include "probe.h"

#include <time.h>

static void do_echo(struct call* call) { put_bytes(&call->out, call->event->body, call->event->size); }

static void do_earlier(struct call* call) {
  put(&call->out, "{\"notes\":");
  put_notes(&call->out);
  put(&call->out, "}");
}

/// What came with the event. `now_ms` lets the caller see how far the deadline is.
static void do_headers(struct call* call) {
  static const char* const names[] = {
      "Lambda-Runtime-Aws-Request-Id",       "Lambda-Runtime-Deadline-Ms",    "Lambda-Runtime-Trace-Id",
      "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Client-Context", "Content-Type",
      "Lambda-Runtime-Cognito-Identity",     "Lambda-Runtime-Aws-Tenant-Id"};
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  put(&call->out, "{\"now_ms\":%lld,\"number\":%d", now.tv_sec * 1000LL + now.tv_nsec / 1000000,
      call->number);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    char value[2048];
    rt_header(call->event, names[i], value, sizeof value);
    put(&call->out, ",\"%s\":", names[i]);
    put_string(&call->out, value, strlen(value));
  }
  put(&call->out, "}");
}

static void do_next_twice(struct call* call) {
  struct rt_reply again = rt_next();
  char id[64];
  rt_header(&again, "Lambda-Runtime-Aws-Request-Id", id, sizeof id);
  put(&call->out, "{\"first\":\"%s\",\"second\":\"%s\",\"status\":%d,\"same_body\":%s}", call->id, id,
      again.status,
      again.size == call->event->size && memcmp(again.body, call->event->body, again.size) == 0 ? "true"
                                                                                                : "false");
  rt_free(&again);
}

/// First invocation: answers twice. Second: answers the first one's id again, then says what it heard each
/// time.
static void do_answer_twice(struct call* call) {
  static char first_id[64];
  if (call->number == 1) {
    strcpy(first_id, call->id);
    answer(call, "", "1", 1);
    struct rt_reply second = rt_post(call->id, "response", "", "2", 1);
    note("second: %d %s", second.status, second.body);
    rt_free(&second);
    return;
  }
  struct rt_reply stale = rt_post(first_id, "response", "", "3", 1);
  note("stale: %d %s", stale.status, stale.body);
  rt_free(&stale);
  do_earlier(call);
}

static void do_init_error(struct call* call) {
  static const char body[] = "{\"errorMessage\":\"too late\",\"errorType\":\"Late\"}";
  struct rt_reply reply = rt_request("POST", "/2018-06-01/runtime/init/error", "", body, sizeof body - 1);
  put(&call->out, "{\"status\":%d,\"body\":", reply.status);
  put_string(&call->out, reply.body ? reply.body : "", reply.size);
  put(&call->out, "}");
  rt_free(&reply);
}

/// The first event's header, byte for byte: the order of its fields is Lambda's.
static void do_head(struct call* call) {
  put_string(&call->out, call->event->headers, strlen(call->event->headers));
}

/// {"do":"error","body":"…","type":"Function.Bad"}: a handled error.
static void do_error(struct call* call) {
  char body[4096], type[256], header[512] = "";
  text_field(call, "body", body, sizeof body);
  text_field(call, "type", type, sizeof type);
  if (!*body) strcpy(body, "{\"errorMessage\":\"asked for\",\"errorType\":\"Asked\"}");
  if (*type) snprintf(header, sizeof header, "Lambda-Runtime-Function-Error-Type: %s\r\n", type);
  struct rt_reply reply = rt_post(call->id, "error", header, body, strlen(body));
  if (reply.status != 202) note("error: %d %s", reply.status, reply.body);
  rt_free(&reply);
  call->answered = 1;
}

/// {"do":"error-nested","levels":N,"cause":1}: a handled error of so many arrays, or one whose cause they
/// are.
static void do_error_nested(struct call* call) {
  const long levels = number_field(call, "levels", 1000);
  const int cause = number_field(call, "cause", 0) != 0;
  struct text body = {0};
  if (cause) put(&body, "{\"errorMessage\":\"m\",\"errorType\":\"T\",\"errorCause\":");
  for (long i = 0; i < levels; ++i) put(&body, "[");
  for (long i = 0; i < levels; ++i) put(&body, "]");
  if (cause) put(&body, "}");
  const char* type = cause ? "Content-Type: application/vnd.aws.lambda.error.cause+json\r\n" : "";
  struct rt_reply reply = rt_post(call->id, "error", type, body.data, body.size);
  if (reply.status != 202) note("error: %d %s", reply.status, reply.body);
  rt_free(&reply);
  free(body.data);
  call->answered = 1;
}

/// The response, a byte in each segment.
static void answer_in_drops(struct call* call, const char* body, size_t size) {
  struct text head = {0};
  put(&head,
      "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
      call->id, size);
  rt_send_all(rt_socket, head.data, head.size);
  for (size_t at = 0; at < size; ++at) rt_send_all(rt_socket, body + at, 1);
  struct rt_reply reply = rt_read(rt_socket);
  if (reply.status != 202) _exit(91);
  rt_free(&reply);
  free(head.data);
}

/// {"do":"respond","size":N,"chunked":1,"trailers":1,"mode":"streaming","pause":MS,"failed":"Runtime.X","drip":1}:
/// N bytes in all, a JSON string. Chunked with empty trailers is how aws-lambda-go posts everything.
static void do_respond(struct call* call) {
  const size_t size = (size_t)number_field(call, "size", 2);
  char mode[64], headers[1024];
  text_field(call, "mode", mode, sizeof mode);
  char* body = malloc(size + 1);
  memset(body, 'a', size);
  body[0] = body[size - 1] = '"';
  call->answered = 1;
  if (number_field(call, "drip", 0)) {
    answer_in_drops(call, body, size);
    free(body);
    return;
  }
  if (!number_field(call, "chunked", 0)) {
    snprintf(headers, sizeof headers, *mode ? "Lambda-Runtime-Function-Response-Mode: %s\r\n" : "%s", mode);
    answer(call, headers, body, size);
    free(body);
    return;
  }
  const int trailers = number_field(call, "trailers", 0) != 0;
  const size_t piece = (size_t)number_field(call, "piece", 16384);
  struct text request = {0};
  put(&request,
      "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n",
      call->id);
  if (*mode) put(&request, "Lambda-Runtime-Function-Response-Mode: %s\r\n", mode);
  if (trailers)
    put(&request,
        "Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n");
  put(&request, "\r\n");
  rt_send_all(rt_socket, request.data, request.size);
  for (size_t at = 0; at < size; at += piece) {
    const size_t n = size - at < piece ? size - at : piece;
    char head[32];
    rt_send_all(rt_socket, head, (size_t)sprintf(head, "%zx\r\n", n));
    rt_send_all(rt_socket, body + at, n);
    rt_send_all(rt_socket, "\r\n", 2);
    const long pause_ms = number_field(call, "pause", 0);
    if (pause_ms) sleep_ms(pause_ms);
  }
  char failed[128];
  text_field(call, "failed", failed, sizeof failed);
  struct text end = {0};
  put(&end, "0\r\n");
  if (trailers)
    put(&end, "Lambda-Runtime-Function-Error-Type: %s\r\nLambda-Runtime-Function-Error-Body: %s\r\n", failed,
        *failed ? "eyJlcnJvclR5cGUiOiJYIn0=" : "");
  put(&end, "\r\n");
  rt_send_all(rt_socket, end.data, end.size);
  free(end.data);
  struct rt_reply reply = rt_read(rt_socket);
  if (reply.status == 0) _exit(91);
  if (reply.status != 202) note("response: %d %s", reply.status, reply.body ? reply.body : "connection lost");
  rt_free(&reply);
  free(request.data);
  free(body);
}

/// {"do":"request","method":"GET","path":"/2018-06-01/ping"}: one request by the client, status and body.
static void do_request(struct call* call) {
  char method[16], path[1024], body[4096];
  text_field(call, "method", method, sizeof method);
  text_field(call, "path", path, sizeof path);
  text_field(call, "body", body, sizeof body);
  struct rt_reply reply = rt_request(method, path, "", body, strlen(body));
  put(&call->out, "{\"status\":%d,\"body\":", reply.status);
  put_string(&call->out, reply.body ? reply.body : "", reply.size);
  put(&call->out, "}");
  rt_free(&reply);
}

const struct named api_behaviours[] = {
    {"echo", do_echo},
    {"earlier", do_earlier},
    {"headers", do_headers},
    {"head", do_head},
    {"next-twice", do_next_twice},
    {"answer-twice", do_answer_twice},
    {"init-error", do_init_error},
    {"error", do_error},
    {"error-nested", do_error_nested},
    {"respond", do_respond},
    {"request", do_request},
    {NULL, NULL},
};
