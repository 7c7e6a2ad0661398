// SPDX-License-Identifier: Apache-2.0
// The rows are what net/http of Go 1.26 did with these requests: took them, with these fields and this body,
// or refused them.
#include "base/http/go_head.hpp"

#include "base/http/http.hpp"
#include "base/http/listener.hpp"
#include "tests/unit/base/http/raw_client.hpp"

using namespace lemu;
using namespace lemu::http;
using namespace lemu::http::test;

namespace {

/// Answers with the request as it was understood: METHOD target |name:value…#body#trailer.
struct Echo : Handler {
  Dialect speaks;
  std::vector<std::string> refused;
  explicit Echo(Dialect dialect) : speaks(dialect) {}

  [[nodiscard]] Dialect dialect() const override { return speaks; }
  HeadVerdict on_head(const Request&) override { return {.body_limit = 1000}; }
  void on_request(Request& request, Reply reply) override {
    std::string text = std::string(request.method()) + " " + std::string(request.target()) + " ";
    for (std::size_t i = 0; i < request.header_count(); ++i)
      text.append("|").append(request.header_at(i).name).append(":").append(request.header_at(i).value);
    text += "#" + request.body + "#" + std::string(request.trailer("T"));
    if (request.end != BodyEnd::complete) text = "broken";
    reply.send({.content_type = "text/plain", .body = text});
  }
  void on_peer_gone(const Reply&) override {}
  void on_refused(const Refused& what) override {
    refused.push_back(std::to_string(what.status) + " " + std::string(what.method) + ": " +
                      std::string(what.reason));
  }
};

struct Bench {
  boost::asio::io_context context{1};
  Echo echo;
  std::string address;
  std::optional<Server> server;

  explicit Bench(Dialect dialect, Limits limits = {}) : echo(dialect) {
    Result<Fd> listener = listen_on_loopback();
    REQUIRE(listener);
    address = *address_of(*listener);
    server.emplace(context, std::move(*listener), echo, limits);
    server->start();
  }
  RawClient client() { return RawClient(context, address); }
};

struct Row {
  std::string_view request;
  std::string_view understood;  ///< empty: refused with 400
  bool strict_too = false;      ///< whether the strict dialect reads it the same
};

const Row kRows[] = {
    {"POST / HTTP/1.1\nHost: x\nContent-Length: 2\n\nab", "POST / |Host:x|Content-Length:2#ab#"},
    {"POST / HTTP/1.1\r\nHost: x\nContent-Length: 2\r\n\nab", "POST / |Host:x|Content-Length:2#ab#"},
    {"POST / HTTP/1.1\nHost: x\r\nContent-Length: 2\n\r\nab", "POST / |Host:x|Content-Length:2#ab#"},
    {"GET / HTTP/1.1\n\n", "GET / ##"},
    {"GET / HTTP/1.1\r\n\n", "GET / ##"},
    {"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     "POST / |Transfer-Encoding:chunked#ab#"},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     "POST / |Transfer-Encoding:Chunked#ab#"},
    {"POST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 9\n\n2\r\nab\r\n0\r\n\r\n",
     "POST / |Transfer-Encoding:chunked#ab#"},
    {"POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     "POST / |Transfer-Encoding:chunked#ab#"},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length: 2\r\nContent-Length: 2\r\n\r\n"
     "2\r\nab\r\n0\r\nT: u\r\n\r\n",
     "POST / |Transfer-Encoding:chunked#ab#u"},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     "POST / |Transfer-Encoding:chunked#ab#", true},
    {"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
     "POST / |Content-Length:2|Content-Length:2#ab#", true},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nab",
     "POST / |Content-Length:2#ab#"},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "POST / ##"},
    {"GET / HTTP/1.1\r\nA: b\r\n  c\r\n\t d\r\nE: f\r\n\r\n", "GET / |A:b c d|E:f##", true},
    {"GET / HTTP/1.1\nA: b\n  c\n\n", "GET / |A:b c##"},
    {"GET / HTTP/1.1\r\nA: b\r\n \r\nC: d\r\n\r\n", "GET / |A:b|C:d##", true},
    {"GET / HTTP/1.1\nA: b\tc\x80 \n\n", "GET / |A:b\tc\x80##"},
    {"\r\nGET / HTTP/1.1\r\n\r\n", "GET / ##", true},

    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: z\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length:\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: +2\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: -2\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2, 2\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 99999999999999999999\r\n\r\n0\r\n\r\n",
     ""},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\nContent-Length: "
     "3\r\n\r\n0\r\n\r\n",
     ""},
    {"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", ""},
    {"POST / HTTP/1.1\nContent-Length: 2\nContent-Length: 3\n\nab", ""},
    {"POST / HTTP/1.1\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\nTransfer-Encoding: gzip, chunked\nContent-Length: 2\n\n0\r\n\r\n", ""},
    {"POST / HTTP/1.1\nTransfer-Encoding: identity\nContent-Length: 2\n\nab", ""},
    {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", ""},
    {"GET / HTTP/1.1\n Host: x\n\n", ""},
    {"GET / HTTP/1.1\n \nHost: x\n\n", ""},
    {"GET / HTTP/1.1\nA\n : b\n\n", ""},
    {"GET / HTTP/1.1\nA : b\n\n", ""},
    {"GET / HTTP/1.1\n: b\n\n", ""},
    {"GET / HTTP/1.1\nA\n\n", ""},
    {"GET / HTTP/1.1\nA: b\rc\n\n", ""},
    {"GET / HTTP/1.1\r\nA: b\r\r\n\r\n", ""},
    {"GET / HTTP/1.1\n\r\r\nA: b\n\n", ""},
    {"GET / HTTP/1.1 \n\n", ""},
    {"GET  / HTTP/1.1\n\n", ""},
    {"GET /\n\n", ""},
    {"GET / HTTP/2.0\n\n", ""},
    {"GET / http/1.1\n\n", ""},
    {"x\n", ""},
    {"GET / HT\n", ""},
    {"GET /\r\n", ""},
    // Chunks and trailers are not lines of the head.
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", "broken", true},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\n0\r\n\r\n", "broken", true},
};

std::string outcome(Dialect dialect, std::string_view request, bool slowly) {
  Bench bench(dialect);
  RawClient client = bench.client();
  if (slowly)
    client.send_one_by_one(request);
  else
    client.send(request);
  if (dialect == Dialect::strict) client.finish_sending();
  const Answer answer = client.answer();
  CHECK(bench.echo.refused.size() == (answer.status == 200 ? 0 : 1));
  return answer.status == 200 ? answer.body : answer.status == 400 ? "" : std::to_string(answer.status);
}

}  // namespace

TEST_CASE("heads are read as Go's server reads them, in one piece and byte by byte") {
  for (const Row& row : kRows) {
    CAPTURE(row.request);
    CHECK(outcome(Dialect::go, row.request, false) == row.understood);
    CHECK(outcome(Dialect::go, row.request, true) == row.understood);
  }
}

TEST_CASE("where nothing else is asked for, only what every server reads alike is taken") {
  for (const Row& row : kRows) {
    if (row.understood.empty()) continue;  // the strict tests have these
    CAPTURE(row.request);
    Bench bench(Dialect::strict);
    RawClient client = bench.client();
    client.send(row.request);
    client.finish_sending();
    const bool answered = !client.ended();  // a head without its end is just closed
    if (row.strict_too)
      CHECK(client.answer().status == 200);
    else if (answered)
      CHECK(client.answer().status == 400);
  }
}

TEST_CASE("requests after one with two framings begin where its chunks end") {
  Bench bench(Dialect::go);
  RawClient client = bench.client();
  client.send(
      "POST /1 HTTP/1.1\nContent-Length: 3\nTransfer-Encoding: chunked\n\n1\r\na\r\n0\r\n\r\n"
      "GET /2 HTTP/1.1\n\nGET /3 HTTP/1.1\r\n\r\n");
  CHECK(client.answer().body == "POST /1 |Transfer-Encoding:chunked#a#");
  CHECK(client.answer().body == "GET /2 ##");
  CHECK(client.answer().body == "GET /3 ##");
  CHECK(client.silent());
}

TEST_CASE("what ends within its head is told so, and one that never ends is refused at the limit") {
  Limits limits;
  limits.header_bytes = 10'000;
  Bench bench(Dialect::go, limits);
  RawClient cut = bench.client();
  cut.send("GET / HTTP/1.1\nHost: x\n");
  cut.finish_sending();
  CHECK(cut.answer().status == 400);
  RawClient endless = bench.client();
  endless.send("GET / HTTP/1.1\n" + std::string(20'000, 'x'));
  CHECK(endless.answer().status == 431);
  CHECK(bench.echo.refused ==
        std::vector<std::string>{"400 GET: it ends within its header", "431 GET: its header is too long"});
}

TEST_CASE("a head is given whole, or its request line first") {
  GoHead head;
  CHECK_FALSE(head.next("GET / HT").has_value());
  const auto line = head.next("GET / HTTP/1.1\nA: b\n");
  REQUIRE(line.has_value());
  CHECK(line->text == "GET / HTTP/1.1\r\n");
  CHECK(line->taken == 15);
  CHECK_FALSE(head.next("A: b\n").has_value());
  CHECK_FALSE(head.next("A: b\n\r").has_value());
  const auto rest = head.next("A: b\n\r\nbody");
  REQUIRE(rest.has_value());
  CHECK(rest->text == "A: b\r\n\r\n");
  CHECK(rest->taken == 7);
  head.reset();
  const std::string_view strict = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  const auto whole = head.next(strict);
  REQUIRE(whole.has_value());
  CHECK(whole->text.data() == strict.data());  // not written anew
  CHECK(whole->taken == strict.size());
}
