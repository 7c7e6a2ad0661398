// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rapi/runtime_bench.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;

TEST_CASE("an invocation: next, response, next") {
  Environment env;
  RawClient client = env.client();
  client.send(kNext);
  CHECK(client.silent());
  CHECK(env.recorder.calls == Calls{"next"});

  const std::string body("\0{\"a\":1}\n", 9);
  Event full = event("id-1", body);
  full.function_arn = "arn:aws:lambda:us-east-1:012345678912:function:f";
  full.trace_id = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
  full.client_context = "{\"a\":\r\n1}";
  full.cognito_identity = "{\"cognitoIdentityId\":\"i\"}";
  full.tenant_id = "blue";
  CHECK(env.api->dispatch(std::move(full)) == RuntimeApi::Handover::delivered);
  const Answer given = client.answer();
  CHECK(given.status == 200);
  CHECK(given.body == body);
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

TEST_CASE("a request that came ahead of its turn is seen once, and so is what comes after it") {
  Environment environment;
  RawClient client = environment.client();
  client.send(kNext);
  run_until(environment.context, [&] { return environment.api->phase() == RuntimePhase::ready; });
  client.send(kNext);
  CHECK(client.silent());
  CHECK(environment.api->dispatch(event("a")) == RuntimeApi::Handover::delivered);
  CHECK(client.answer().has("Lambda-Runtime-Aws-Request-Id: a"));
  CHECK(client.answer().has("Lambda-Runtime-Aws-Request-Id: a"));
  CHECK(client.ask("GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n").body == "pong");
  CHECK(client.silent());
}
