// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_api.hpp"

#include <functional>
#include <vector>

#include "rapi/listener.hpp"
#include "tests/unit/rapi/raw_client.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;

namespace {

constexpr std::string_view kNext = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kOk = "{\"status\":\"OK\"}\n";
constexpr std::string_view kUnknownId =
    "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n";

std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST /2018-06-01/runtime/" + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}
std::string respond(std::string_view id, std::string_view body, std::string_view fields = "") {
  return post("invocation/" + std::string(id) + "/response", body, fields);
}
std::string chunked_head(std::string_view id, std::string_view fields = "") {
  return "POST /2018-06-01/runtime/invocation/" + std::string(id) +
         "/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + std::string(fields) + "\r\n";
}
std::string state_error(std::string_view from, std::string_view to) {
  return "{\"errorMessage\":\"State transition from " + std::string(from) + " to " + std::string(to) +
         " failed for runtime. Error: State transition is not "
         "allowed\",\"errorType\":\"InvalidStateTransition\"}\n";
}
Event event(std::string id, std::string body = "{}") {
  Event made;
  made.request_id = std::move(id);
  made.body = std::move(body);
  made.deadline_ms = 1'700'000'000'123;
  return made;
}

/// Writes down what it is told; `then` runs after each.
struct Recorder : RuntimeObserver {
  std::vector<std::string> calls;
  FunctionResponse response;
  FunctionError error;
  ResponseFault fault{};
  std::function<void()> then;

  void note(std::string call) {
    calls.push_back(std::move(call));
    if (then) then();
  }
  void on_next() override { note("next"); }
  void on_response(FunctionResponse told) override {
    response = std::move(told);
    note("response");
  }
  void on_error(FunctionError told) override {
    error = std::move(told);
    note("error");
  }
  void on_init_error(FunctionError told) override {
    error = std::move(told);
    note("init_error");
  }
  void on_response_rejected(ResponseFault told) override {
    fault = told;
    note("rejected");
  }
};

using Calls = std::vector<std::string>;

struct Environment {
  boost::asio::io_context context{1};
  std::string address;
  Recorder recorder;
  std::optional<RuntimeApi> api;

  explicit Environment(Limits limits = {}) {
    Result<Fd> listener = listen_on_loopback();
    REQUIRE(listener);
    Result<std::string> where = address_of(*listener);
    REQUIRE(where);
    address = *where;
    api.emplace(context, std::move(*listener), recorder, limits);
    api->start();
  }
  RawClient client() { return RawClient(context, address); }
  /// A client that holds the event `id`.
  RawClient working(const std::string& id) {
    RawClient made = client();
    made.send(kNext);
    run_until(context, [&] { return api->phase() == RuntimePhase::ready; });
    REQUIRE(api->dispatch(event(id)) == RuntimeApi::Handover::delivered);
    REQUIRE(made.answer().status == 200);
    return made;
  }
};

}  // namespace

TEST_CASE("an invocation: next, response, next") {
  Environment env;
  RawClient client = env.client();
  client.send(kNext);
  CHECK(client.silent());
  CHECK(env.recorder.calls == Calls{"next"});

  Event full = event("id-1", std::string("\0{\"a\":1}\n", 9));
  full.function_arn = "arn:aws:lambda:us-east-1:012345678912:function:f";
  full.trace_id = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
  full.client_context = "{\"a\":\r\n1}";
  full.cognito_identity = "{\"cognitoIdentityId\":\"i\"}";
  full.tenant_id = "blue";
  CHECK(env.api->dispatch(full) == RuntimeApi::Handover::delivered);
  const Answer given = client.answer();
  CHECK(given.status == 200);
  CHECK(given.body == full.body);
  for (const std::string_view line :
       {"Lambda-Runtime-Aws-Request-Id: id-1", "Lambda-Runtime-Deadline-Ms: 1700000000123",
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:012345678912:function:f",
        "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        "Lambda-Runtime-Client-Context: {\"a\":  1}",
        "Lambda-Runtime-Cognito-Identity: {\"cognitoIdentityId\":\"i\"}",
        "Lambda-Runtime-Aws-Tenant-Id: blue", "Content-Type: application/json", "Content-Length: 9"}) {
    CAPTURE(line);
    CHECK(given.has(line));
  }

  const Answer taken = client.ask(respond("id-1", "result", "Content-Type: text/html\r\n"));
  CHECK(taken.status == 202);
  CHECK(taken.body == kOk);
  CHECK(taken.has("Content-Type: application/json"));
  CHECK(env.recorder.response.request_id == "id-1");
  CHECK(env.recorder.response.body == "result");
  CHECK(env.recorder.response.content_type == "text/html");
  CHECK(env.recorder.response.mode == ResponseMode::buffered);

  client.send(kNext);
  CHECK(client.silent());
  CHECK(env.recorder.calls == Calls{"next", "response", "next"});
  CHECK(env.api->dispatch(event("id-2")) == RuntimeApi::Handover::delivered);
  const Answer bare = client.answer();
  CHECK(bare.head.find("Trace-Id") == std::string::npos);
  CHECK(bare.head.find("Tenant-Id") == std::string::npos);
  CHECK(bare.head.find("Client-Context") == std::string::npos);
}

TEST_CASE("next twice gives the same event twice, also on another connection, and tells the observer once") {
  Environment env;
  RawClient client = env.working("id-1");
  CHECK(client.ask(kNext).has("Lambda-Runtime-Aws-Request-Id: id-1"));
  RawClient other = env.client();
  CHECK(other.ask(kNext).has("Lambda-Runtime-Aws-Request-Id: id-1"));
  CHECK(env.recorder.calls == Calls{"next"});
}

TEST_CASE("calls out of order get the platform's answers") {
  Environment env;
  RawClient client = env.client();
  CHECK(client.ask(respond("nobody", "x")).body == kUnknownId);
  RawClient worker = env.working("id-1");

  const Answer early = worker.ask(post("init/error", "{}"));
  CHECK(early.status == 403);
  CHECK(early.body == state_error("Running", "InitError"));

  const Answer stale = worker.ask(respond("id-0", "x"));
  CHECK(stale.status == 400);
  CHECK(stale.body == kUnknownId);
  CHECK(stale.has("Content-Type: application/json"));

  CHECK(worker.ask(respond("id-1", "x")).status == 202);
  const Answer second = worker.ask(respond("id-1", "y"));
  CHECK(second.status == 403);
  CHECK(second.body == state_error("RuntimeResponseSentState", "InvocationResponse"));
  CHECK(worker.ask(post("invocation/id-1/error", "y")).body ==
        state_error("RuntimeResponseSentState", "InvocationErrorResponse"));

  worker.send(kNext);
  CHECK(worker.silent());
  CHECK(client.ask(respond("id-1", "z")).body == kUnknownId);
  CHECK(env.recorder.calls == Calls{"next", "response", "next"});
  CHECK(env.recorder.response.body == "x");
}

TEST_CASE("errors are passed on as they are, with their type sanitised") {
  Environment env;
  RawClient client = env.working("id-1");
  const std::string body = R"({"errorMessage":"m","errorType":"T"})";
  const Answer taken =
      client.ask(post("invocation/id-1/error", body,
                      "Lambda-Runtime-Function-Error-Type: unhandled\r\nContent-Type: a/b\r\n"
                      "Lambda-Runtime-Function-Xray-Error-Cause: {\"message\":\"why\"}\r\n"));
  CHECK(taken.status == 202);
  CHECK(taken.body == kOk);
  CHECK(env.recorder.calls == Calls{"next", "error"});
  CHECK(env.recorder.error.request_id == "id-1");
  CHECK(env.recorder.error.body == body);
  CHECK(env.recorder.error.content_type == "a/b");
  CHECK(env.recorder.error.error_type == "Runtime.Unknown");
  CHECK(env.recorder.error.xray_cause ==
        R"({"exceptions":null,"working_directory":"","paths":null,"message":"why"})");
}

TEST_CASE("init/error ends init") {
  struct Row {
    std::string_view body, content_type;
  };
  for (const Row& row : {Row{R"({"a":1})", "application/json"}, Row{"plain", "application/octet-stream"}}) {
    Environment env;
    RawClient client = env.client();
    const Answer taken = client.ask(
        post("init/error", row.body, "Lambda-Runtime-Function-Error-Type: Runtime.NoSuchModule\r\n"));
    CHECK(taken.status == 202);
    CHECK(taken.body == kOk);
    CHECK(env.recorder.calls == Calls{"init_error"});
    CHECK(env.recorder.error.body == row.body);
    CHECK(env.recorder.error.content_type == row.content_type);
    CHECK(env.recorder.error.error_type == "Runtime.NoSuchModule");
    CHECK(client.ask(kNext).body == state_error("InitError", "Ready"));
  }
}

TEST_CASE("a chunked response with trailers is taken, one byte at a time too") {
  for (const bool slowly : {false, true}) {
    CAPTURE(slowly);
    Environment env;
    RawClient client = env.working("id-1");
    const std::string request =
        chunked_head("id-1",
                     "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
                     "Trailer: Lambda-Runtime-Function-Error-Type\r\n"
                     "Trailer: Lambda-Runtime-Function-Error-Body\r\n") +
        "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nLambda-Runtime-Function-Error-Type: Runtime.X\r\n"
        "Lambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n";
    if (slowly)
      client.send_one_by_one(request);
    else
      client.send(request);
    CHECK(client.answer().status == 202);
    CHECK(env.recorder.response.body == "hello, world");
    CHECK(env.recorder.response.mode == ResponseMode::streaming);
    CHECK(env.recorder.response.trailer_error_type == "Runtime.X");
    CHECK(env.recorder.response.trailer_error_body == "eyJhIjoxfQ==");
    client.send(kNext);
    CHECK(client.silent());
    CHECK(env.recorder.calls == Calls{"next", "response", "next"});
  }
}

TEST_CASE("a response of the limit is taken, one byte more is refused, and the environment goes on") {
  Environment env;
  RawClient client = env.working("id-1");
  CHECK(client.ask(respond("id-1", std::string(kMaxPayload, 'x'))).status == 202);
  CHECK(env.recorder.response.body.size() == kMaxPayload);

  const std::string too_large(kMaxPayload + 1, 'x');
  std::string chunked = chunked_head("id-3");
  for (int i = 0; i < 7; ++i) chunked += "100000\r\n" + std::string(1 << 20, 'c') + "\r\n";
  chunked += "0\r\n\r\n";
  int n = 2;
  for (const std::string& request : {respond("id-2", too_large), chunked}) {
    const std::string id = "id-" + std::to_string(n++);
    client.send(kNext);
    run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
    env.api->dispatch(event(id));
    REQUIRE(client.answer().has("Lambda-Runtime-Aws-Request-Id: " + id));
    env.recorder.calls.clear();
    const Answer refused = client.ask(request);
    CHECK(refused.status == 413);
    CHECK(refused.body ==
          "{\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\","
          "\"errorType\":\"RequestEntityTooLarge\"}\n");
    CHECK(env.recorder.calls == Calls{"rejected"});
    CHECK(env.recorder.fault == ResponseFault::too_large);
    CHECK(client.ask(post("invocation/" + id + "/error", "{}")).status == 403);
  }
}

TEST_CASE("a body that never ends is answered when enough of it was read") {
  Limits limits;
  limits.response_bytes = 1000;
  limits.http.discard_bytes = 5000;
  Environment env(limits);
  RawClient client = env.working("id-1");
  client.send(chunked_head("id-1") + "10000\r\n" + std::string(60'000, 'x'));
  const Answer refused = client.answer();
  CHECK(refused.status == 413);
  CHECK(refused.has("Connection: close"));
  CHECK(env.recorder.calls == Calls{"next", "rejected"});
  client.close();
}

TEST_CASE("a body shorter than declared is told apart, and still answered") {
  const std::string whole = respond("id-1", "0123456789");
  for (const std::string& request :
       {whole.substr(0, whole.size() - 1), whole.substr(0, whole.size() - 10),
        chunked_head("id-1") + "5\r\nhel", chunked_head("id-1") + "5\r\nhello\r\n",
        chunked_head("id-1") + "not hex\r\n"}) {
    CAPTURE(request);
    Environment env;
    RawClient client = env.working("id-1");
    client.send(request);
    client.finish_sending();
    const Answer refused = client.answer();
    CHECK(refused.status == 400);
    CHECK(
        refused.body ==
        "{\"errorMessage\":\"HTTP request detected as truncated\",\"errorType\":\"TruncatedHTTPRequest\"}\n");
    CHECK(client.ended());
    CHECK(env.recorder.calls == Calls{"next", "rejected"});
    CHECK(env.recorder.fault == ResponseFault::truncated);
    CHECK(env.api->phase() == RuntimePhase::response_sent);
  }
}

TEST_CASE("a body that stops coming is given up at its deadline") {
  Limits limits;
  limits.http.body_deadline = std::chrono::milliseconds(20);
  Environment env(limits);
  RawClient client = env.working("id-1");
  const std::string whole = respond("id-1", "0123456789");
  client.send(whole.substr(0, whole.size() - 1));
  CHECK(client.answer().status == 400);
  CHECK(env.recorder.fault == ResponseFault::truncated);
}

TEST_CASE("only streaming, spelled so, is a response mode") {
  Environment env;
  RawClient client = env.working("id-1");
  const Answer refused =
      client.ask(respond("id-1", "x", "Lambda-Runtime-Function-Response-Mode: Streaming\r\n"));
  CHECK(refused.status == 400);
  CHECK(refused.body ==
        "{\"errorMessage\":\"Invalid function response "
        "mode\",\"errorType\":\"InvalidFunctionResponseMode\"}\n");
  CHECK(env.recorder.calls == Calls{"next", "rejected"});
  CHECK(env.recorder.fault == ResponseFault::bad_mode);
}

TEST_CASE("the other paths") {
  Environment env;
  RawClient client = env.client();
  const Answer pong = client.ask("GET /2018-06-01/ping HTTP/1.1\r\n\r\n");
  CHECK(pong.status == 200);
  CHECK(pong.body == "pong");
  for (const std::string_view path :
       {"/2018-06-01/runtime/restore/next", "/2021-04-23/credentials", "/nothing?x=1"}) {
    const Answer nothing = client.ask("GET " + std::string(path) + " HTTP/1.1\r\n\r\n");
    CHECK(nothing.status == 404);
    CHECK(nothing.body == "404 page not found\n");
    CHECK(nothing.has("Content-Type: text/plain; charset=utf-8"));
  }
  const Answer wrong =
      client.ask("PUT /2018-06-01/runtime/init/error HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(wrong.status == 405);
  CHECK(wrong.has("Allow: POST"));
  CHECK(client.ask("GET /2018-06-01/ping?x HTTP/1.1\r\n\r\n").status == 200);
}

TEST_CASE("a runtime that leaves while it waits does not take the event with it") {
  Environment env;
  RawClient leaver = env.client();
  leaver.send(kNext);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  SUBCASE("the server has seen it leave") {
    leaver.close();
    for (int i = 0; i < 5; ++i) {
      env.context.restart();
      env.context.poll();
    }
    CHECK(env.api->dispatch(event("id-1")) == RuntimeApi::Handover::waits);
  }
  SUBCASE("the server has not seen it yet") {
    leaver.close();
    env.api->dispatch(event("id-1"));
  }
  SUBCASE("it only closed its sending side") {
    leaver.finish_sending();
    CHECK(leaver.ended());
    CHECK(env.api->dispatch(event("id-1")) == RuntimeApi::Handover::waits);
  }
  RawClient stayer = env.client();
  CHECK(stayer.ask(kNext).has("Lambda-Runtime-Aws-Request-Id: id-1"));
  CHECK(env.recorder.calls == Calls{"next"});
  CHECK(stayer.ask(respond("id-1", "x")).status == 202);
}

TEST_CASE("two connections that wait get an event each, in their order") {
  Environment env;
  RawClient first = env.client();
  first.send(kNext);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  RawClient second = env.client();
  second.send(kNext);
  CHECK(second.silent());
  env.api->dispatch(event("id-1"));
  CHECK(first.answer().has("Lambda-Runtime-Aws-Request-Id: id-1"));
  CHECK(second.silent());
  CHECK(first.ask(respond("id-1", "x")).status == 202);
  first.send(kNext);
  CHECK(first.silent());
  env.api->dispatch(event("id-2"));
  CHECK(second.answer().has("Lambda-Runtime-Aws-Request-Id: id-2"));
  CHECK(env.recorder.calls == Calls{"next", "response", "next"});
}

TEST_CASE("an event dispatched early is handed over when the runtime comes") {
  Environment env;
  CHECK(env.api->dispatch(event("id-1")) == RuntimeApi::Handover::waits);
  RawClient client = env.client();
  CHECK(client.ask(kNext).has("Lambda-Runtime-Aws-Request-Id: id-1"));
  CHECK(env.recorder.calls == Calls{"next"});
}

TEST_CASE("requests sent ahead of their turn are answered in order") {
  Environment env;
  RawClient client = env.working("id-1");
  client.send(respond("id-1", "x") + std::string(kNext) + "GET /2018-06-01/ping HTTP/1.1\r\n\r\n");
  CHECK(client.answer().status == 202);
  CHECK(client.silent());
  env.api->dispatch(event("id-2"));
  CHECK(client.answer().has("Lambda-Runtime-Aws-Request-Id: id-2"));
  CHECK(client.answer().body == "pong");
}

TEST_CASE("the runtime has its 202 before the observer is told") {
  Environment env;
  RawClient client = env.working("id-1");
  std::string seen;
  env.recorder.then = [&] { seen += client.take_all(); };
  client.send(respond("id-1", "x"));
  run_until(env.context, [&] { return env.recorder.calls.size() == 2; });
  CHECK(seen.starts_with("HTTP/1.1 202 Accepted\r\n"));
}

TEST_CASE("the observer may dispatch, restart and destroy from a callback") {
  Environment env;
  RawClient client = env.working("id-1");
  CHECK(client.ask(respond("id-1", "x")).status == 202);
  env.recorder.then = [&] { env.api->dispatch(event("id-2")); };
  CHECK(client.ask(kNext).has("Lambda-Runtime-Aws-Request-Id: id-2"));
  env.recorder.then = [&] { env.api->restart(); };
  CHECK(client.ask(respond("id-2", "x")).status == 202);
  CHECK(client.ended());
  CHECK(env.api->phase() == RuntimePhase::started);

  env.recorder.then = nullptr;
  RawClient last = env.working("id-3");
  CHECK(last.ask(respond("id-3", "x")).status == 202);
  env.recorder.then = [&] { env.api.reset(); };
  last.send(kNext);
  CHECK(last.ended());
  CHECK_FALSE(env.api.has_value());
}

TEST_CASE("an abandoned invocation's response is refused, even when it had begun") {
  Environment env;
  RawClient client = env.working("id-1");
  const std::string request = respond("id-1", "0123456789");
  client.send(request.substr(0, request.size() - 5));
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::invocation_response; });
  env.api->abandon();
  const Answer late = client.ask(request.substr(request.size() - 5));
  CHECK(late.status == 400);
  CHECK(late.body == kUnknownId);
  CHECK(env.recorder.calls == Calls{"next"});
}

TEST_CASE("after a restart nothing of the old runtime counts, not even what was never accepted") {
  Environment env;
  RawClient old = env.working("id-1");
  RawClient unaccepted = env.client();
  unaccepted.send(kNext);
  env.api->restart();
  CHECK(old.ended());
  CHECK(unaccepted.ended());
  CHECK(env.recorder.calls == Calls{"next"});
  CHECK(env.api->phase() == RuntimePhase::started);
  RawClient fresh = env.working("id-2");
  CHECK(fresh.ask(respond("id-1", "x")).body == kUnknownId);
}

TEST_CASE("a large event reaches a slow reader whole") {
  Environment env;
  RawClient client = env.client();
  client.send(kNext);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  std::string body;
  for (int i = 0; body.size() < kMaxPayload; ++i) body += std::to_string(i) + ",";
  env.api->dispatch(event("id-1", body));
  CHECK(client.answer().body == body);
}
