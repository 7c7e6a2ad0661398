// SPDX-License-Identifier: Apache-2.0
// Responses that reach the observer as the runtime writes them.
#include "tests/unit/rapi/runtime_bench.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;

namespace {

constexpr std::string_view kStreaming = "Lambda-Runtime-Function-Response-Mode: streaming\r\n";
constexpr std::string_view kForHttp = "Content-Type: application/vnd.awslambda.http-integration-response\r\n";

}  // namespace

TEST_CASE("who asks for pieces gets each as it is written, whatever the runtime says of itself") {
  for (const std::string_view fields : {kStreaming, kForHttp, std::string_view()}) {
    CAPTURE(fields);
    Environment env;
    RawClient client = env.working("id-1", ResponseDelivery::pieces);
    client.send(chunked_head("id-1", fields) + "5\r\nhello\r\n");
    run_until(env.context, [&] { return env.recorder.streamed == "hello"; });
    CHECK(env.recorder.calls == Calls{"next", "begin", "piece"});
    CHECK((env.recorder.head.mode == ResponseMode::streaming) == (fields == kStreaming));
    CHECK((env.recorder.head.content_type == "application/vnd.awslambda.http-integration-response") ==
          (fields == kForHttp));
    client.send("7\r\n, world\r\n");
    run_until(env.context, [&] { return env.recorder.streamed == "hello, world"; });
    CHECK(env.recorder.calls == Calls{"next", "begin", "piece", "piece"});
    CHECK(client
              .ask("0\r\nLambda-Runtime-Function-Error-Type: Runtime.X\r\n"
                   "Lambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n")
              .status == 202);
    CHECK(env.recorder.calls == Calls{"next", "begin", "piece", "piece", "response"});
    CHECK(env.recorder.response.body.empty());
    CHECK(env.recorder.response.trailer_error_type == "Runtime.X");
    CHECK(env.recorder.response.trailer_error_body == "eyJhIjoxfQ==");
    client.send(kNext);
    CHECK(client.silent());
    CHECK(env.recorder.calls.back() == "next");
  }
}

TEST_CASE("a response that was written whole comes in pieces too, an empty one as none") {
  for (const std::string body : {"hello", ""}) {
    Environment env;
    RawClient client = env.working("id-1", ResponseDelivery::pieces);
    CHECK(client.ask(respond("id-1", body)).status == 202);
    CHECK(env.recorder.streamed == body);
    CHECK(env.recorder.calls ==
          (body.empty() ? Calls{"next", "begin", "response"} : Calls{"next", "begin", "piece", "response"}));
  }
}

TEST_CASE("who asks for pieces where the runtime streams gets a whole body otherwise") {
  struct Row {
    std::string_view fields;
    bool streams;
  };
  for (const Row& row : {Row{kStreaming, true}, {kForHttp, true}, {"Content-Type: text/plain\r\n", false}}) {
    CAPTURE(row.fields);
    Environment env;
    RawClient client = env.working("id-1", ResponseDelivery::as_streamed);
    CHECK(client.ask(chunked_head("id-1", row.fields) + "5\r\nhello\r\n0\r\n\r\n").status == 202);
    CHECK(env.recorder.streamed == (row.streams ? "hello" : ""));
    CHECK(env.recorder.response.body == (row.streams ? "" : "hello"));
  }
}

TEST_CASE("who wants a response whole gets it so from a runtime that streams") {
  Environment env;
  RawClient client = env.working("id-1");
  CHECK(client.ask(chunked_head("id-1", kStreaming) + "5\r\nhello\r\n0\r\n\r\n").status == 202);
  CHECK(env.recorder.calls == Calls{"next", "response"});
  CHECK(env.recorder.response.body == "hello");
}

TEST_CASE("a piece that was answered by pause holds the runtime back until resume") {
  Environment env;
  env.recorder.flow = http::Flow::pause;
  RawClient client = env.working("id-1", ResponseDelivery::pieces);
  client.send(chunked_head("id-1") + "5\r\nhello\r\n");
  run_until(env.context, [&] { return env.recorder.streamed == "hello"; });
  client.send("2\r\n, \r\n");
  CHECK(client.silent());
  CHECK(env.recorder.streamed == "hello");
  env.recorder.head.resume();
  run_until(env.context, [&] { return env.recorder.streamed == "hello, "; });
  // The end waits its turn too.
  client.send("0\r\n\r\n");
  CHECK(client.silent());
  env.recorder.head.resume();
  CHECK(client.answer().status == 202);
  env.recorder.head.resume();  // of no effect any more
  CHECK(env.recorder.calls == Calls{"next", "begin", "piece", "piece", "response"});
}

TEST_CASE("a stream over its limit is refused at once, and the runtime goes on") {
  Limits limits;
  limits.response_bytes = 10;
  limits.streamed_bytes = 100;
  Environment env(limits);
  RawClient client = env.working("id-1", ResponseDelivery::pieces);
  client.send(chunked_head("id-1") + "32\r\n" + std::string(50, 'x') + "\r\n");
  run_until(env.context, [&] { return env.recorder.streamed.size() == 50; });
  const Answer refused = client.ask("33\r\n" + std::string(51, 'x') + "\r\n");
  CHECK(refused.status == 413);
  CHECK(refused.body.find("(100 bytes)") != std::string::npos);
  CHECK(env.recorder.calls == Calls{"next", "begin", "piece", "rejected"});
  CHECK(env.recorder.fault == ResponseFault::too_large);
  RawClient again = env.client();
  again.send(kNext);
  CHECK(again.silent());
  CHECK(env.recorder.calls.back() == "next");
}

TEST_CASE("a response that declares its length keeps to the limit of whole ones") {
  Limits limits;
  limits.response_bytes = 10;
  limits.streamed_bytes = 100;
  Environment env(limits);
  RawClient client = env.working("id-1", ResponseDelivery::pieces);
  CHECK(client.ask(respond("id-1", std::string(11, 'x'))).status == 413);
  CHECK(env.recorder.calls == Calls{"next", "rejected"});
}

TEST_CASE("a stream that breaks off is told so after what came of it") {
  Environment env;
  RawClient client = env.working("id-1", ResponseDelivery::pieces);
  client.send(chunked_head("id-1") + "5\r\nhello\r\n5\r\nwor");
  client.close();
  run_until(env.context, [&] { return env.recorder.calls.back() == "rejected"; });
  CHECK(env.recorder.streamed == "hellowor");
  CHECK(env.recorder.fault == ResponseFault::truncated);
  CHECK(env.api->phase() == RuntimePhase::response_sent);
}

TEST_CASE("the rest of an abandoned stream is nobody's, also when the next response streams") {
  Environment env;
  RawClient client = env.working("id-1", ResponseDelivery::pieces);
  client.send(chunked_head("id-1") + "5\r\nhello\r\n");
  run_until(env.context, [&] { return env.recorder.streamed == "hello"; });
  env.api->abandon();
  RawClient second = env.working("id-2", ResponseDelivery::pieces);
  second.send(chunked_head("id-2") + "3\r\nnew\r\n");
  run_until(env.context, [&] { return env.recorder.streamed == "hellonew"; });
  CHECK(client.ask("3\r\nold\r\n0\r\n\r\n").body == kUnknownId);
  CHECK(second.ask("0\r\n\r\n").status == 202);
  CHECK(env.recorder.streamed == "hellonew");
  CHECK(env.recorder.calls == Calls{"next", "begin", "piece", "next", "begin", "piece", "response"});
}

TEST_CASE("an observer may end the API with any piece in hand") {
  for (const std::string last : {"begin", "piece", "response", "begin, of nothing"}) {
    CAPTURE(last);
    const std::string call = last.substr(0, last.find(','));
    Environment env;
    RawClient client = env.working("id-1", ResponseDelivery::pieces);
    env.recorder.then = [&] {
      if (env.recorder.calls.back() == call) env.api.reset();
    };
    client.send(chunked_head("id-1") + (call == last ? "5\r\nhello\r\n" : "") + "0\r\n\r\n");
    run_until(env.context, [&] { return !env.api; });
    client.settle();
    CHECK(env.recorder.calls.back() == call);
    env.recorder.head.resume();
  }
}

TEST_CASE("a bad response mode is refused before any piece") {
  Environment env;
  RawClient client = env.working("id-1", ResponseDelivery::pieces);
  CHECK(client.ask(respond("id-1", "x", "Lambda-Runtime-Function-Response-Mode: Streaming\r\n")).status ==
        400);
  CHECK(env.recorder.calls == Calls{"next", "rejected"});
  CHECK(env.recorder.fault == ResponseFault::bad_mode);
}
