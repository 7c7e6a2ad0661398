// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rapi/runtime_bench.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;

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

TEST_CASE("a large event reaches a slow reader whole") {
  Environment env;
  RawClient client = env.client();
  client.send(kNext);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  std::string body;
  for (int i = 0; body.size() < kMaxPayload; ++i) body += std::to_string(i) + ",";
  env.api->dispatch(event("id-1", body));
  CHECK((client.answer().body == body));  // not to be printed
}
