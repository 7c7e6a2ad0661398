// SPDX-License-Identifier: Apache-2.0
// Answers of the Runtime API as Go's net/http writes them, to the byte.
#include <regex>

#include "base/http/date.hpp"
#include "tests/unit/rapi/runtime_bench.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;

namespace {

/// The names of a head's fields, in their order.
std::string names(const std::string& head) {
  std::string all;
  for (std::size_t at = head.find("\r\n") + 2; at < head.size(); at = head.find("\r\n", at) + 2)
    all.append(all.empty() ? "" : " ").append(head.substr(at, head.find(':', at) - at));
  return all;
}

Answer answer_to_next(std::size_t size, std::string_view ask = kNext) {
  Environment env;
  RawClient client = env.client();
  client.send(ask);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  Event full = event("id-1", std::string(size, 'x'));
  full.trace_id = full.function_arn = full.client_context = full.cognito_identity = full.tenant_id = "y";
  env.api->dispatch(std::move(full));
  const Answer answer = client.answer();
  CHECK((answer.body == std::string(answer.body.size(), 'x')));
  return answer;
}

constexpr std::string_view kFields =
    "Content-Type Lambda-Runtime-Aws-Request-Id Lambda-Runtime-Aws-Tenant-Id Lambda-Runtime-Client-Context "
    "Lambda-Runtime-Cognito-Identity Lambda-Runtime-Deadline-Ms Lambda-Runtime-Invoked-Function-Arn "
    "Lambda-Runtime-Trace-Id Date ";

}  // namespace

TEST_CASE("an event of up to 2,048 bytes has its length, a larger one is one chunk") {
  for (const std::size_t size : {0, 2, 2048}) {
    const Answer answer = answer_to_next(size);
    CHECK(names(answer.head) == std::string(kFields) + "Content-Length");
    CHECK(answer.has("Content-Length: " + std::to_string(size)));
    CHECK(answer.body.size() == size);
  }
  for (const std::size_t size : {std::size_t{2049}, std::size_t{100'000}, kMaxPayload}) {
    const Answer answer = answer_to_next(size);
    CHECK(names(answer.head) == std::string(kFields) + "Transfer-Encoding");
    CHECK(answer.chunks == 2);
    CHECK(answer.body.size() == size);
  }
}

TEST_CASE("a chunked event is followed by the next answer") {
  Environment env;
  RawClient client = env.client();
  client.send(kNext);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  env.api->dispatch(event("id-1", std::string(5000, 'x')));
  CHECK(client.answer().body.size() == 5000);
  CHECK(client.ask(respond("id-1", "y")).status == 202);
}

TEST_CASE("who speaks HTTP/1.0 knows no chunks, and is told the end by the connection's") {
  const std::string ask =
      "GET /2018-06-01/runtime/invocation/next HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  CHECK(names(answer_to_next(2048, ask).head) == std::string(kFields) + "Content-Length Connection");
  Environment env;
  RawClient client = env.client();
  client.send(ask);
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::ready; });
  env.api->dispatch(event("id-1", std::string(5000, 'x')));
  std::string all;
  run_until(env.context, [&] {
    all += client.take_all();
    return all.size() >= 5000 + all.find("\r\n\r\n") + 4;
  });
  CHECK(all.find("Content-Length") == std::string::npos);
  CHECK(all.find("Transfer-Encoding") == std::string::npos);
  CHECK(all.find("Connection: close\r\n") != std::string::npos);
  CHECK(client.ended());
}

TEST_CASE("the other answers are framed likewise") {
  Environment env;
  RawClient client = env.working("id-1");
  CHECK(names(client.ask(post("init/error", "{}")).head) == "Content-Type Date Content-Length");
  CHECK(names(client.ask(respond("id-1", "x")).head) == "Content-Type Date Content-Length");
  CHECK(names(client.ask("PUT /2018-06-01/ping HTTP/1.1\r\n\r\n").head) == "Allow Date Content-Length");
  CHECK(names(client.ask("GET /2018-06-01/ping HTTP/1.1\r\nConnection: close\r\n\r\n").head) ==
        "Content-Type Date Content-Length Connection");
}

TEST_CASE("dates are HTTP's") {
  CHECK(http::http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http::http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  http::Date date;
  const std::string now(date.now());
  CHECK(std::regex_match(now, std::regex("(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} [0-9]{4} "
                                         "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT")));
}
