// SPDX-License-Identifier: Apache-2.0
// Bodies over all connections of a server (Limits::bodies_bytes).
#include <cstdio>
#include <deque>

#include "base/http/http.hpp"
#include "base/http/listener.hpp"
#include "tests/unit/base/http/server_bench.hpp"

using namespace lemu;
using namespace lemu::http;
using namespace lemu::http::test;

namespace {

constexpr std::size_t kBody = 100'000;
constexpr std::size_t kRoom = kBody + kBody / 2;  // of all bodies together, and the most of one
constexpr std::size_t kSmall = 64 << 10;

/// Keeps bodies with their rooms until it is told to answer; what is at /here it leaves where it is, and
/// answers.
struct Keeper : Handler {
  struct Kept {
    std::string body;
    BodyRoom room;
    Reply reply;
  };
  std::deque<Kept> kept;
  std::vector<BodyEnd> ends;

  HeadVerdict on_head(const Request&) override { return {.body_limit = kRoom}; }
  void on_request(Request& request, Reply reply) override {
    ends.push_back(request.end);
    if (request.end != BodyEnd::complete)
      reply.send({.status = 503, .body = "no"});
    else if (request.path() == "/here")
      reply.send({.body = std::to_string(request.body.size())});
    else
      kept.push_back({std::move(request.body), std::move(request.room), std::move(reply)});
  }
  void on_peer_gone(const Reply&) override {}

  void answer_first() {
    kept.front().reply.send({.body = std::to_string(kept.front().body.size())});
    kept.pop_front();
  }
};

struct Bench : ServerBench<Keeper> {
  explicit Bench(Limits limits = {}) : ServerBench(with_room(limits)) {}
  static Limits with_room(Limits limits) {
    limits.bodies_bytes = kRoom;
    return limits;
  }
  void until_kept(std::size_t count) {
    run_until(context, [this, count] { return handler.kept.size() == count; });
  }
};

std::string head(std::size_t size, std::string_view more = {}) {
  return "POST /x HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n" + std::string(more) + "\r\n";
}
std::string request(std::size_t size) { return head(size) + std::string(size, 'x'); }
std::string chunk(std::size_t size) {
  char text[32];
  std::snprintf(text, sizeof text, "%zx\r\n", size);
  return text + std::string(size, 'x') + "\r\n";
}
constexpr std::string_view kChunked = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("a body for which there is no room waits until whoever has another lets it go") {
  Bench bench;
  RawClient first = bench.client(), second = bench.client(), third = bench.client();
  first.send(request(kBody));
  bench.until_kept(1);
  second.send(request(kBody));
  third.send(request(kBody));
  CHECK(second.silent());
  CHECK(third.silent());
  CHECK(bench.handler.kept.size() == 1);
  bench.handler.answer_first();
  CHECK(first.answer().body == std::to_string(kBody));
  bench.until_kept(1);
  bench.handler.answer_first();
  CHECK(second.answer().body == std::to_string(kBody));
  bench.until_kept(1);
  bench.handler.answer_first();
  CHECK(third.answer().body == std::to_string(kBody));
}

TEST_CASE("small bodies go past it") {
  Bench bench;
  RawClient holds = bench.client(), waits = bench.client();
  holds.send(request(kBody));
  bench.until_kept(1);
  waits.send(request(kBody));
  for (const std::string& small :
       {request(kSmall), request(0), std::string(kChunked) + chunk(kSmall) + "0\r\n\r\n"}) {
    RawClient client = bench.client();
    client.send(small);
    bench.until_kept(2);
    CHECK(bench.handler.kept.back().room.bytes() == 0);
    bench.handler.kept.pop_back();
  }
}

TEST_CASE("bodies that are half there do not wait for each other") {
  Bench bench;
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(bench.client());
    clients.back().send(head(kBody) + std::string(kBody / 2, 'x'));
    clients.back().settle();
  }
  for (RawClient& client : clients) client.send_some(std::string(kBody / 2, 'x'));
  for (RawClient& client : clients) {
    bench.until_kept(1);
    bench.handler.answer_first();
    CHECK(client.answer().body == std::to_string(kBody));
  }
}

TEST_CASE("what a handler leaves where it is takes no room after it") {
  Bench bench;
  RawClient client = bench.client(), other = bench.client();
  const std::string here = "POST /here HTTP/1.1\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    CHECK(client.ask(here + std::string(kBody, 'x')).body == std::to_string(kBody));
    CHECK(other.ask(here + std::string(kBody, 'x')).body == std::to_string(kBody));
  }
}

TEST_CASE("a body of unknown length takes the room of the largest until it is there") {
  Bench bench;
  RawClient chunked = bench.client(), other = bench.client();
  chunked.send(std::string(kChunked) + chunk(kBody / 2) + chunk(kBody / 2));
  CHECK(chunked.silent());
  other.send(request(kBody));
  CHECK(other.silent());
  CHECK(bench.handler.kept.empty());
  chunked.send("0\r\n\r\n");
  bench.until_kept(1);
  CHECK(bench.handler.kept.front().room.bytes() == kBody);
  bench.handler.answer_first();
  CHECK(chunked.answer().body == std::to_string(kBody));
  bench.until_kept(1);
}

TEST_CASE("a body of unknown length that is too large gives its room back") {
  Bench bench;
  RawClient chunked = bench.client(), other = bench.client();
  chunked.send(std::string(kChunked) + chunk(kBody));
  CHECK(chunked.silent());
  other.send(request(kBody));
  CHECK(other.silent());
  chunked.send(chunk(kBody));
  bench.until_kept(1);
  chunked.send("0\r\n\r\n");
  CHECK(chunked.answer().status == 503);
  CHECK(bench.handler.ends.back() == BodyEnd::too_large);
}

TEST_CASE("who waits for room is told at the deadline, and those behind it go on") {
  Limits limits;
  limits.body_deadline = std::chrono::milliseconds(50);
  Bench bench(limits);
  RawClient holds = bench.client(), large = bench.client();
  holds.send(request(kBody));
  bench.until_kept(1);
  CHECK(large.ask(head(kBody)).status == 503);
  CHECK(bench.handler.ends.back() == BodyEnd::no_room);
  CHECK(large.ended());
  RawClient behind = bench.client();
  bench.handler.answer_first();
  behind.send(request(kBody));
  bench.until_kept(1);
}

TEST_CASE("who holds room and sends nothing loses it at the deadline") {
  Limits limits;
  limits.body_deadline = std::chrono::milliseconds(50);
  Bench bench(limits);
  RawClient slow = bench.client(), next = bench.client();
  slow.send(head(kBody) + "x");
  slow.settle();
  next.send(request(kBody));
  CHECK(slow.answer().status == 503);
  CHECK(bench.handler.ends.front() == BodyEnd::late);
  bench.until_kept(1);
}

TEST_CASE("who leaves gives its room back, and its place in the line") {
  Bench bench;
  RawClient holds = bench.client(), last = bench.client();
  {
    RawClient leaves = bench.client();
    leaves.send(head(kBody) + "x");
    leaves.settle();
    last.send(request(kBody));
    CHECK(bench.handler.kept.empty());
  }
  bench.until_kept(1);
  RawClient waits = bench.client();
  waits.send(request(kBody));
  waits.settle();
  holds.send(request(kBody));
  CHECK(holds.silent());
  waits.close();  // which is seen when its turn has come
  bench.handler.answer_first();
  bench.until_kept(1);
}

TEST_CASE("a client that asks first is told to go on when there is room") {
  Bench bench;
  RawClient holds = bench.client(), asks = bench.client();
  holds.send(request(kBody));
  bench.until_kept(1);
  asks.send(head(kBody, "Expect: 100-continue\r\n"));
  CHECK(asks.silent());
  bench.handler.answer_first();
  CHECK(asks.answer().status == 100);
  asks.send(std::string(kBody, 'x'));
  bench.until_kept(1);
}

TEST_CASE("a server that ends lets those who wait go") {
  Bench bench;
  RawClient holds = bench.client(), waits = bench.client();
  holds.send(request(kBody));
  bench.until_kept(1);
  waits.send(request(kBody));
  CHECK(waits.silent());
  bench.server.reset();
  bench.handler.kept.clear();
  CHECK(waits.ended());
}
