// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "base/http/http.hpp"
#include "base/http/listener.hpp"
#include "tests/unit/base/http/server_bench.hpp"

using namespace lemu;
using namespace lemu::http;
using namespace lemu::http::test;

namespace {

/// Answers "METHOD path[body]end" at once, except to /later, whose reply it keeps.
struct Echo : Handler {
  std::size_t body_limit = 1000;
  Reply later;
  int gone = 0;
  int requests = 0;
  Request::Standing standing = Request::Standing::usual;  // of the last

  HeadVerdict on_head(const Request& request) override {
    if (request.path() == "/refused") return {.refusal = Refusal{403, "text/plain", "no\n", {}}};
    return {.body_limit = body_limit};
  }
  void on_request(Request& request, Reply reply) override {
    ++requests;
    standing = request.standing;
    if (request.path() == "/later") {
      later = reply;
      return;
    }
    const char* end = request.end == BodyEnd::complete    ? ""
                      : request.end == BodyEnd::truncated ? "truncated"
                      : request.end == BodyEnd::malformed ? "malformed"
                      : request.end == BodyEnd::late      ? "late"
                                                          : "large";
    const std::string text =
        std::string(request.method()) + " " + std::string(request.path()) + "[" + request.body + "]" + end;
    reply.send({.content_type = "text/plain", .body = text});
  }
  void on_peer_gone(const Reply&) override { ++gone; }
};

struct Bench : ServerBench<Echo> {
  using ServerBench::ServerBench;
};

constexpr std::string_view kPing = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("what is no acceptable request is answered once and closed") {
  struct Row {
    std::string_view request;
    int status;
  };
  const Row rows[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET  /x HTTP/1.1\r\n\r\n", 400},
      {"GET /x HTTP/2.0\r\n\r\n", 400},
      {"GET /x HTTP/1.1\r\nno colon\r\n\r\n", 400},
      {"GET /x HTTP/1.1\r\nspace before : x\r\n\r\n", 400},
      {"POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /x HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\nab", 400},
      {"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST /x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"POST /x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /x HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
  };
  for (const Row& row : rows) {
    CAPTURE(row.request);
    Bench bench;
    RawClient client = bench.client();
    const Answer answer = client.ask(std::string(row.request) + std::string(kPing));
    CHECK(answer.status == row.status);
    CHECK(answer.has("Connection: close"));
    client.finish_sending();
    CHECK(client.ended());
    CHECK(bench.handler.requests == 0);
  }
}

TEST_CASE("the path of a target in each of its forms") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"/a/b?c=/d", "/a/b"},  {"http://host:1/a?b", "/a"},     {"HTTPS://h/", "/"},
      {"http://host", "/"},   {"http://host?a/b", "/"},        {"*", "*"},
      {"host:80", "host:80"}, {"ftp://host/a", "ftp://host/a"}};
  for (const auto& [target, path] : rows) {
    CAPTURE(target);
    Bench bench;
    RawClient client = bench.client();
    CHECK(client.ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n").body ==
          "GET " + std::string(path) + "[]");
  }
}

TEST_CASE("a header over the limit is 431, whatever its shape") {
  Limits limits;
  limits.header_bytes = 10'000;
  std::string many = "GET /x HTTP/1.1\r\n";
  for (int i = 0; i < 500; ++i) many += "a: b\r\n";
  for (const std::string& request : {"GET /x HTTP/1.1\r\nlong: " + std::string(20'000, 'x') + "\r\n\r\n",
                                     "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n", many + "\r\n",
                                     "GET /x HTTP/1.1\r\nnever: " + std::string(20'000, 'x')}) {
    CAPTURE(request.size());
    Bench bench(limits);
    RawClient client = bench.client();
    CHECK(client.ask(request).status == 431);
    client.finish_sending();
    CHECK(client.ended());
  }
  Bench bench;
  RawClient client = bench.client();
  CHECK(client.ask("GET /x HTTP/1.1\r\nlong: " + std::string(900'000, 'x') + "\r\n\r\n").status == 200);
  CHECK(client.ask("GET /x HTTP/1.1\r\nlong: " + std::string(1'200'000, 'x') + "\r\n\r\n").status == 431);
}

TEST_CASE("endless chunk lines and trailers end too") {
  Limits limits;
  limits.header_bytes = 10'000;
  const std::string head = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string trailers;
  for (int i = 0; i < 500; ++i) trailers += "a: b\r\n";
  for (const std::string& rest : {"1;" + std::string(20'000, 'x'), "0\r\nt: " + std::string(20'000, 'x'),
                                  "0\r\n" + trailers + "\r\n"}) {
    CAPTURE(rest.size());
    Bench bench(limits);
    RawClient client = bench.client();
    const Answer answer = client.ask(head + rest);
    CHECK(answer.body == "POST /x[]malformed");
    CHECK(answer.has("Connection: close"));
  }
}

TEST_CASE("connections are kept or closed as HTTP says") {
  struct Row {
    std::string_view request;
    bool closes;
  };
  const Row rows[] = {
      {"GET /x HTTP/1.1\r\n\r\n", false},
      {"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", true},
      {"GET /x HTTP/1.0\r\n\r\n", true},
      {"POST /x HTTP/1.1\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nab", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.request);
    Bench bench;
    RawClient client = bench.client();
    const Answer answer = client.ask(row.request);
    CHECK(answer.status == 200);
    CHECK(answer.has("Connection: close") == row.closes);
    if (row.closes)
      CHECK(client.ended());
    else
      CHECK(client.ask("\r\n" + std::string(kPing)).status == 200);
  }
}

TEST_CASE("an HTTP/1.0 client that asks for it keeps its connection") {
  Bench bench;
  RawClient client = bench.client();
  for (int i = 0; i < 2; ++i) {
    const Answer answer = client.ask("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(answer.status == 200);
    CHECK(answer.has("Connection: keep-alive"));
  }
}

TEST_CASE("a body is waited for only when the client was told to send it") {
  Bench bench;
  const auto head = [](std::string_view path, int length) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  RawClient accepted = bench.client();
  const Answer interim = accepted.ask(head("/x", 3));
  CHECK(interim.status == 100);
  accepted.send_one_by_one("abc");
  CHECK(accepted.answer().body == "POST /x[abc]");

  RawClient impatient = bench.client();
  CHECK(impatient.ask(head("/x", 3) + "abc").body == "POST /x[abc]");

  RawClient refused = bench.client();
  const Answer no = refused.ask(head("/refused", 3));
  CHECK(no.status == 403);
  CHECK(no.has("Connection: close"));

  RawClient large = bench.client();
  CHECK(large.ask(head("/x", 1001)).body == "POST /x[]large");
}

TEST_CASE("a refused body is read away and the connection goes on") {
  Bench bench;
  RawClient client = bench.client();
  const Answer no =
      client.ask("POST /refused HTTP/1.1\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  CHECK(no.status == 403);
  CHECK(no.body == "no\n");
  CHECK(client.ask(kPing).body == "GET /x[]");
}

TEST_CASE("a reply may come later, once") {
  Bench bench;
  RawClient client = bench.client();
  client.send("GET /later HTTP/1.1\r\n\r\n" + std::string(kPing));
  CHECK(client.silent());
  const Reply reply = bench.handler.later;
  CHECK(reply.send({.status = 200, .body = "now"}) == Reply::Sent::queued);
  CHECK(reply.send({.status = 200, .body = "again"}) == Reply::Sent::gone);
  CHECK(client.answer().body == "now");
  CHECK(client.answer().body == "GET /x[]");
}

TEST_CASE("a body that is shared is not copied for a client that does not read") {
  Bench bench;
  RawClient client = bench.client();
  client.send("GET /later HTTP/1.1\r\n\r\n");
  run_until(bench.context, [&] { return bench.handler.requests == 1; });
  const auto body = std::make_shared<const std::string>(std::size_t{8} << 20, 'x');
  const std::shared_ptr<const void> owner = body;
  CHECK(bench.handler.later.send({.body = *body, .owner = &owner}) == Reply::Sent::queued);
  CHECK(body.use_count() == 3);
  CHECK(client.answer().body == *body);
  run_until(bench.context, [&] { return body.use_count() == 2; });
  CHECK(client.ask(kPing).body == "GET /x[]");
}

TEST_CASE("a client that leaves with a shared body unread lets it go") {
  Bench bench;
  const auto body = std::make_shared<const std::string>(std::size_t{8} << 20, 'x');
  const std::shared_ptr<const void> owner = body;
  {
    RawClient client = bench.client();
    client.send("GET /later HTTP/1.1\r\n\r\n");
    run_until(bench.context, [&] { return bench.handler.requests == 1; });
    CHECK(bench.handler.later.send({.body = *body, .owner = &owner}) == Reply::Sent::queued);
  }
  run_until(bench.context, [&] { return body.use_count() == 2; });
}

TEST_CASE("a client that only sends no more still gets its later reply") {
  Bench bench;
  RawClient client = bench.client();
  client.send("GET /later HTTP/1.1\r\n\r\n");
  client.finish_sending();
  run_until(bench.context, [&] { return bench.handler.gone == 1; });
  CHECK(bench.handler.later.send({.status = 200, .body = "now"}) == Reply::Sent::queued);
  CHECK(client.answer().body == "now");
  CHECK(client.ended());
}

TEST_CASE("a header that stops coming is given up at its deadline") {
  Limits limits;
  limits.header_deadline = std::chrono::milliseconds(20);
  Bench bench(limits);
  RawClient client = bench.client();
  CHECK(client.ask("GET /x HT").status == 408);
  RawClient whole = bench.client();
  CHECK(whole.ask(kPing).status == 200);
}

TEST_CASE("HEAD gets the header alone") {
  Bench bench;
  RawClient client = bench.client();
  client.send("HEAD /x HTTP/1.1\r\n\r\n");
  std::string got;
  run_until(bench.context, [&] { return (got += client.take_all()).ends_with("\r\n\r\n"); });
  CHECK(got.find("Content-Length: 9\r\n") != std::string::npos);
  CHECK(client.ask(kPing).body == "GET /x[]");
}

TEST_CASE("connections over the limit are refused, the others live") {
  Limits limits;
  limits.connections = 1;
  Bench bench(limits);
  RawClient first = bench.client();
  CHECK(first.ask(kPing).status == 200);
  RawClient second = bench.client();
  CHECK(second.answer().status == 503);
  CHECK(second.ended());
  CHECK(first.ask(kPing).status == 200);
  first.close();
  run_until(bench.context, [&] { return bench.server->connection_count() == 0; });
  RawClient third = bench.client();
  CHECK(third.ask(kPing).status == 200);
}

TEST_CASE("a connection without a request is closed in time, and one that is used is not") {
  Limits limits;
  limits.idle_deadline = std::chrono::milliseconds(60);
  Bench bench(limits);
  RawClient never = bench.client();
  RawClient used = bench.client();
  RawClient waiting = bench.client();
  waiting.send("GET /later HTTP/1.1\r\n\r\n");
  const auto begin = std::chrono::steady_clock::now();
  auto asked = begin;
  while (asked - begin < 3 * limits.idle_deadline) {
    asked = std::chrono::steady_clock::now();
    CHECK(used.ask(kPing).status == 200);
  }
  CHECK(never.ended());
  CHECK(used.ended());
  CHECK(std::chrono::steady_clock::now() - asked >= limits.idle_deadline);
  CHECK(bench.handler.later.send({.body = "now"}) == Reply::Sent::queued);
  CHECK(waiting.answer().body == "now");
  CHECK(waiting.ended());
}

TEST_CASE("a connection of the reserve has one request, and says so") {
  Limits limits;
  limits.connections = 1;
  limits.reserve = 1;
  Bench bench(limits);
  RawClient first = bench.client();
  CHECK(first.ask(kPing).status == 200);
  CHECK(bench.handler.standing == Request::Standing::usual);
  RawClient second = bench.client();
  const Answer answer = second.ask(kPing);
  CHECK(answer.status == 200);
  CHECK(answer.has("Connection: close"));
  CHECK(bench.handler.standing == Request::Standing::reserve);
  RawClient third = bench.client();
  CHECK(third.answer().status == 503);
}

TEST_CASE("a drain answers what is not whole") {
  Bench bench;
  RawClient half = bench.client();
  half.send("POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
  RawClient later = bench.client();
  later.send("GET /later HTTP/1.1\r\n\r\n");
  run_until(bench.context, [&] { return bench.server->unanswered_count() == 2; });
  bench.server->drain();
  CHECK(bench.server->unanswered_count() == 1);
  CHECK(half.answer().body == "POST /x[]late");
  CHECK(half.ended());
  CHECK(bench.handler.later.send({.body = "now"}) == Reply::Sent::queued);
  CHECK(later.answer().body == "now");
}

TEST_CASE("accepted connections are close-on-exec") {
  Bench bench;
  RawClient client = bench.client();
  int before[64];
  for (int fd = 0; fd < 64; ++fd) before[fd] = ::fcntl(fd, F_GETFD);
  CHECK(client.ask(kPing).status == 200);
  int fresh = 0;
  for (int fd = 0; fd < 64; ++fd)
    if (before[fd] < 0 && ::fcntl(fd, F_GETFD) >= 0) {
      ++fresh;
      CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
  CHECK(fresh == 1);
}

TEST_CASE("a port in use is named in the error") {
  Result<Fd> first = listen_on_loopback();
  REQUIRE(first);
  const std::string address = *address_of(*first);
  CHECK(address.starts_with("127.0.0.1:"));
  const int port = std::stoi(address.substr(address.find(':') + 1));
  Result<Fd> second = listen_on_loopback(static_cast<std::uint16_t>(port));
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "cannot listen on " + address + ": Address already in use");
}
