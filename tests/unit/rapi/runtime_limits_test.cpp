// SPDX-License-Identifier: Apache-2.0
// What a misbehaving function can make of the Runtime API: bodies that no state waits for are not taken,
// large headers wait for their turn, connections are few; and each kind of refusal is told once.
#include <fcntl.h>
#include <sys/resource.h>

#include "tests/unit/rapi/runtime_bench.hpp"

using namespace lemu;
using namespace lemu::rapi;
using namespace lemu::rapi::test;

namespace {

/// A request whose body does not end, and its status where that is known at its head.
std::string unended(std::string_view path, std::size_t size = 100'000) {
  return "POST /2018-06-01/runtime/" + std::string(path) + " HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n" +
         std::string(size, 'x');
}

/// Asks, and gives the answer of a server that does not wait for the body: it does so for this header.
Answer at_head(RawClient& client, std::string_view path) {
  return client.ask("POST /2018-06-01/runtime/" + std::string(path) +
                    " HTTP/1.1\r\nContent-Length: 6000000\r\nExpect: 100-continue\r\n\r\n");
}

std::string large_head(std::size_t size) {
  return "GET /2018-06-01/ping HTTP/1.1\r\nX: " + std::string(size, 'x');
}

}  // namespace

TEST_CASE("one init/error is taken, by its header, and it is the end of init") {
  Environment env;
  RawClient first = env.client(), second = env.client();
  first.send(unended("init/error"));
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::init_error; });
  const Answer refused = at_head(second, "init/error");
  CHECK(refused.status == 403);
  CHECK(refused.body == state_error("InitError", "InitError"));
  CHECK(refused.has("Connection: close"));
  RawClient asks = env.client();
  CHECK(asks.ask(kNext).body == state_error("InitError", "Ready"));
  first.finish_sending();
  CHECK(first.answer().status == 400);
  CHECK(env.recorder.calls == Calls{"init_error"});
  CHECK(env.recorder.error.body.empty());
}

TEST_CASE("a body is refused at its header by every state that waits for none") {
  struct Row {
    std::string_view path;
    int status;
  };
  Environment env;
  const auto refuses = [&env](std::initializer_list<Row> rows) {
    for (const Row& row : rows) {
      CAPTURE(row.path);
      RawClient client = env.client();
      CHECK(at_head(client, row.path).status == row.status);
    }
  };
  refuses({{"invocation/id-1/response", 400}, {"invocation/id-1/error", 400}, {"invocation/next", 405}});
  RawClient worker = env.working("id-1");
  refuses({{"init/error", 403}, {"invocation/id-2/response", 400}, {"invocation//error", 400}});
  worker.send(unended("invocation/id-1/response"));
  run_until(env.context, [&] { return env.api->phase() == RuntimePhase::invocation_response; });
  refuses({{"invocation/id-1/response", 403}, {"invocation/id-1/error", 403}, {"init/error", 403}});
  worker.finish_sending();
  CHECK(worker.answer().status == 400);
  refuses({{"invocation/id-1/response", 403}, {"invocation/id-1/error", 403}});
}

TEST_CASE("large headers are read two at a time") {
  Environment env;
  std::vector<RawClient> clients;
  constexpr std::size_t kLarge = 900'000;
  for (int i = 0; i < 5; ++i) clients.push_back(env.client());
  std::vector<std::size_t> sent;
  const std::string head = large_head(kLarge);
  for (RawClient& client : clients) {
    std::size_t of_this = 0;
    for (int i = 0; i < 50; ++i) {
      of_this += client.send_some(std::string_view(head).substr(of_this));
      client.settle();
    }
    sent.push_back(of_this);
  }
  CHECK(sent[0] == head.size());
  CHECK(sent[1] == head.size());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    CAPTURE(i);
    clients[i].send(head.substr(sent[i]));
    CHECK(clients[i].ask("\r\n\r\n").body == "pong");
  }
}

TEST_CASE("a blocked next holds no room for its large header") {
  Environment env;
  const std::string next =
      "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nX: " + std::string(900'000, 'x') + "\r\n\r\n";
  std::vector<RawClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(env.client());
    clients.back().send(next);
  }
  RawClient other = env.client();
  CHECK(other.ask(large_head(900'000) + "\r\n\r\n").body == "pong");
}

TEST_CASE("a header that waits for room is given up at its deadline") {
  Limits limits;
  limits.http.header_deadline = std::chrono::milliseconds(50);
  limits.http.heads_bytes = limits.http.header_bytes;
  Environment env(limits);
  RawClient holds = env.client(), waits = env.client();
  holds.send(large_head(100'000));
  holds.settle();
  waits.send(large_head(100'000));
  CHECK(holds.answer().status == 408);
  CHECK(waits.answer().status == 408);
}

TEST_CASE("64 connections are taken, and the others turned away") {
  Environment env;
  std::vector<RawClient> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(env.client());
  run_until(env.context, [&] { return env.api->open_connections() == 64; });
  RawClient one_more = env.client();
  CHECK(one_more.answer().status == 503);
  CHECK(env.api->open_connections() == 64);
  CHECK(env.recorder.refused == std::vector<std::string>{"503 : there are too many connections"});
  CHECK(clients.front().ask("GET /2018-06-01/ping HTTP/1.1\r\n\r\n").body == "pong");
}

TEST_CASE("with half of the descriptors in use there are eight connections") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit few = before;
  few.rlim_cur = 256;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  {
    Environment env;
    std::vector<Fd> others;
    while (others.empty() || others.back().get() < 128) {
      others.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      REQUIRE(others.back().valid());
    }
    std::vector<RawClient> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(env.client());
    run_until(env.context, [&] { return env.api->open_connections() == 8; });
    CHECK(env.client().answer().status == 503);
    others.clear();
    RawClient again = env.client();
    run_until(env.context, [&] { return env.api->open_connections() == 9; });
  }
  CHECK(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("each kind of refusal is told once, with the request") {
  Environment env;
  RawClient client = env.client();
  const auto told = [&env] { return std::exchange(env.recorder.refused, {}); };
  using Told = std::vector<std::string>;
  for (int i = 0; i < 2; ++i) {
    CHECK(client.ask("GET /nowhere HTTP/1.1\r\n\r\n").status == 404);
    CHECK(client.ask("PUT /2018-06-01/ping HTTP/1.1\r\n\r\n").status == 405);
    CHECK(client.ask(post("invocation/x/error", "{}")).status == 400);
  }
  CHECK(told() == Told{"404 GET /nowhere: there is no such path",
                       "405 PUT /2018-06-01/ping: this path takes GET",
                       "400 POST /2018-06-01/runtime/invocation/x/error: Invalid request ID"});
  CHECK(client.ask("GET /2020-01-01/extension/register HTTP/1.1\r\n\r\n").status == 404);
  CHECK(told() == Told{});
  for (int i = 0; i < 2; ++i) {
    RawClient broken = env.client();
    CHECK(broken.ask("G?T / HTTP/1.1\r\n\r\n").status == 400);
  }
  const Told malformed = told();
  CHECK(malformed.size() == 1);
  CHECK(malformed[0].starts_with("400 : "));

  RawClient worker = env.working("id-1");
  CHECK(worker.ask(post("init/error", "{}")).status == 403);
  CHECK(told().size() == 1);
  CHECK(worker.ask(respond("id-1", std::string(kMaxPayload + 1, 'x'))).status == 413);
  CHECK(told() ==
        Told{"413 POST /2018-06-01/runtime/invocation/id-1/response: Exceeded maximum allowed payload "
             "size (6291556 bytes)."});
  CHECK(worker.ask(respond("id-1", "x")).status == 403);
  CHECK(told() == Told{});
}

TEST_CASE("a path of an API that lemu has not says which") {
  for (const auto& [path, why] : {std::pair{"/2020-01-01/extension/register", "lemu has no Extensions API"},
                                  std::pair{"/2022-07-01/telemetry", "lemu has no Telemetry API"}}) {
    Environment env;
    CHECK(env.client().ask("PUT " + std::string(path) + " HTTP/1.1\r\n\r\n").status == 404);
    CHECK(env.recorder.refused == std::vector<std::string>{"404 PUT " + std::string(path) + ": " + why});
  }
}
