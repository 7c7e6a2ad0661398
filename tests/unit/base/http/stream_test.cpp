// SPDX-License-Identifier: Apache-2.0
#include "base/http/stream.hpp"

#include "base/http/listener.hpp"
#include "tests/unit/base/http/server_bench.hpp"

using namespace lemu;
using namespace lemu::http;
using namespace lemu::http::test;

namespace {

/// Begins a stream for each request and keeps it; takes bodies in pieces.
struct Streamer : Handler {
  Stream stream;
  Reply reply;
  std::vector<StreamEvent> told;
  std::size_t body_limit = std::size_t{64} << 20;
  std::vector<std::string> pieces;
  std::size_t received = 0;
  Flow flow = Flow::more;
  std::function<void()> at_piece = [] {};
  std::vector<BodyEnd> ends;
  std::string trailer;

  HeadVerdict on_head(const Request&) override {
    return {.body_limit = body_limit, .delivery = BodyDelivery::pieces};
  }
  Flow on_body(const Request&, std::string_view piece, const Reply& given) override {
    reply = given;
    pieces.emplace_back(piece);
    received += piece.size();
    const Flow answer = flow;
    at_piece();
    return answer;
  }
  void on_request(Request& request, Reply given) override {
    CHECK(request.body.empty());
    ends.push_back(request.end);
    trailer = request.trailer("Checksum");
    reply = given;
    if (request.method() == "POST") {
      reply.send({.status = 200, .body = "end"});
      return;
    }
    stream = given.begin({.status = 200, .content_type = "text/plain"},
                         [this](StreamEvent event) { told.push_back(event); });
  }
  void on_peer_gone(const Reply&) override {}
};

struct Bench : ServerBench<Streamer> {
  using ServerBench::ServerBench;
  /// A client that has read the header of a stream.
  RawClient reading(std::string_view request, std::string& head) {
    RawClient made = client();
    made.send(request);
    run_until(context, [&] { return (head += made.take_all()).ends_with("\r\n\r\n"); });
    return made;
  }
  RawClient reading() {
    std::string head;
    return reading("GET /x HTTP/1.1\r\n\r\n", head);
  }
};

constexpr std::string_view kPing = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kPiece(100'000, 'x');

/// Writes until the peer's slowness shows; how many pieces that took.
int fill(const Stream& stream) {
  int written = 1;
  while (stream.write(kPiece) == Stream::Room::open) ++written;
  return written;
}

/// The text of a chunked body that is whole, without its trailers.
std::string unchunked(std::string_view body) {
  std::string text;
  while (true) {
    const std::size_t end = body.find("\r\n");
    REQUIRE(end != body.npos);
    const std::size_t size = std::stoul(std::string(body.substr(0, end)), nullptr, 16);
    if (size == 0) return text;
    text += body.substr(end + 2, size);
    REQUIRE(body.substr(end + 2 + size, 2) == "\r\n");
    body.remove_prefix(end + 4 + size);
  }
}

}  // namespace

TEST_CASE("an answer in pieces is with the peer as it is written, and the connection goes on") {
  Bench bench;
  std::string head;
  RawClient client = bench.reading(kPing, head);
  CHECK(head == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(bench.handler.stream.write("hello") == Stream::Room::open);
  CHECK(client.take_all() == "5\r\nhello\r\n");
  CHECK(bench.handler.stream.write("") == Stream::Room::open);
  const std::string_view parts[] = {"0123456789", "abcdefghij", "", "z"};
  CHECK(bench.handler.stream.write(parts) == Stream::Room::open);
  CHECK(client.take_all() == "15\r\n0123456789abcdefghijz\r\n");
  const Field trailers[] = {{"Checksum", "1\r\n2"}};
  CHECK(bench.handler.stream.finish(trailers) == Stream::Room::open);
  CHECK(client.take_all() == "0\r\nChecksum: 1  2\r\n\r\n");
  CHECK(bench.handler.stream.write("late") == Stream::Room::gone);
  CHECK(bench.handler.stream.finish() == Stream::Room::gone);
  head.clear();
  client.send(kPing);
  run_until(bench.context, [&] { return (head += client.take_all()).ends_with("\r\n\r\n"); });
  bench.handler.stream.finish();
  CHECK(client.take_all() == "0\r\n\r\n");
  CHECK(bench.handler.told.empty());
}

TEST_CASE("a request that came during a stream is answered after it") {
  Bench bench;
  RawClient client = bench.client();
  client.send(std::string(kPing) + "POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
  run_until(bench.context, [&] { return bench.handler.ends.size() == 1; });
  CHECK(bench.handler.stream.finish() == Stream::Room::open);
  std::string got;
  run_until(bench.context, [&] { return (got += client.take_all()).ends_with("\r\n\r\nend"); });
  CHECK(got.find("\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n") != got.npos);
  CHECK(bench.handler.pieces == std::vector<std::string>{"ab"});
}

TEST_CASE("a client of HTTP/1.0 gets the bytes bare, up to the connection's end") {
  Bench bench;
  std::string head;
  RawClient client = bench.reading("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", head);
  CHECK(head.find("Transfer-Encoding") == head.npos);
  CHECK(head.find("Connection: close\r\n") != head.npos);
  bench.handler.stream.write("hello");
  bench.handler.stream.finish();
  CHECK(client.take_all() == "hello");
  client.finish_sending();
  CHECK(client.ended());
}

TEST_CASE("HEAD gets a stream's header alone") {
  Bench bench;
  std::string head;
  RawClient client = bench.reading("HEAD /x HTTP/1.1\r\n\r\n", head);
  CHECK(bench.handler.stream.write("hello") == Stream::Room::open);
  CHECK(bench.handler.stream.finish() == Stream::Room::open);
  head.clear();
  client.send(kPing);
  run_until(bench.context, [&] { return (head += client.take_all()).ends_with("\r\n\r\n"); });
  CHECK(head.starts_with("HTTP/1.1 200"));
}

TEST_CASE("a slow reader holds the writer back, and gets everything") {
  Bench bench;
  RawClient client = bench.reading();
  int pieces = fill(bench.handler.stream);
  CHECK(bench.handler.told.empty());
  std::string got;
  for (int rounds = 0; rounds < 3; ++rounds) {
    const std::size_t events = bench.handler.told.size();
    run_until(bench.context, [&] {
      got += client.take_all();
      return bench.handler.told.size() > events;
    });
    CHECK(bench.handler.told.back() == StreamEvent::writable);
    pieces += fill(bench.handler.stream);
  }
  bench.handler.stream.finish();
  run_until(bench.context, [&] { return (got += client.take_all()).ends_with("\r\n0\r\n\r\n"); });
  const std::string text = unchunked(got);
  CHECK(text.size() == static_cast<std::size_t>(pieces) * kPiece.size());
  CHECK(text.find_first_not_of('x') == text.npos);
  CHECK(bench.handler.told.size() == 3);
}

TEST_CASE("a reader that is gone is told once, while written to or not") {
  for (const bool written : {false, true}) {
    CAPTURE(written);
    Bench bench;
    RawClient client = bench.reading();
    if (written) fill(bench.handler.stream);
    bench.handler.stream.write("unread: so that closing resets the connection");
    client.close();
    run_until(bench.context, [&] { return !bench.handler.told.empty(); });
    CHECK(bench.handler.told == std::vector<StreamEvent>{StreamEvent::gone});
    CHECK(bench.handler.stream.write("x") == Stream::Room::gone);
    CHECK(bench.server->connection_count() == 0);
  }
}

TEST_CASE("a reader that only sends no more gets the rest") {
  Bench bench;
  RawClient client = bench.reading();
  client.finish_sending();
  client.settle();
  CHECK(bench.handler.stream.write("hello") == Stream::Room::open);
  bench.handler.stream.finish();
  CHECK(client.take_all() == "5\r\nhello\r\n0\r\n\r\n");
  CHECK(client.ended());
}

TEST_CASE("a reader that does not read is given up at the deadline") {
  Limits limits;
  limits.body_deadline = std::chrono::milliseconds(20);
  Bench bench(limits);
  RawClient client = bench.reading();
  fill(bench.handler.stream);
  run_until(bench.context, [&] { return !bench.handler.told.empty(); });
  CHECK(bench.handler.told == std::vector<StreamEvent>{StreamEvent::gone});
}

TEST_CASE("a stream that is broken off has no last chunk") {
  Bench bench;
  RawClient client = bench.reading();
  bench.handler.stream.write("hello");
  bench.handler.stream.drop();
  CHECK(client.take_all() == "5\r\nhello\r\n");
  CHECK(client.ended());
  CHECK(bench.handler.told.empty());
}

TEST_CASE("a stream of a server that is gone is gone") {
  Bench bench;
  RawClient client = bench.reading();
  bench.server.reset();
  CHECK(bench.handler.stream.write("x") == Stream::Room::gone);
  CHECK(client.ended());
  CHECK(Stream().write("x") == Stream::Room::gone);
}

// ---- requests

TEST_CASE("a body in pieces: each as it comes, then the end with its trailers") {
  Bench bench;
  RawClient client = bench.client();
  client.send("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char* chunk : {"5\r\nhello\r\n", "2\r\n, \r\n", "5\r\nworld\r\n"}) {
    const std::size_t before = bench.handler.pieces.size();
    client.send(chunk);
    run_until(bench.context, [&] { return bench.handler.pieces.size() > before; });
  }
  CHECK(bench.handler.pieces == std::vector<std::string>{"hello", ", ", "world"});
  CHECK(bench.handler.ends.empty());
  CHECK(client.ask("0\r\nChecksum: 7\r\n\r\n").body == "end");
  CHECK(bench.handler.ends == std::vector<BodyEnd>{BodyEnd::complete});
  CHECK(bench.handler.trailer == "7");
  CHECK(client.ask("POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").body == "end");
  CHECK(bench.handler.pieces.back() == "abc");
  CHECK(client.ask("POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n").body == "end");
}

TEST_CASE("nothing more is read while the handler pauses, and nothing is lost") {
  Bench bench;
  bench.handler.flow = Flow::pause;
  RawClient client = bench.client();
  const std::string body(std::size_t{32} << 20, 'y');
  std::string request =
      "POST /x HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  client.send(request.substr(0, 1000));
  run_until(bench.context, [&] { return bench.handler.pieces.size() == 1; });
  // The client sends what the kernel takes of it; none of that may arrive.
  std::size_t sent = 1000 + client.send_some(request.substr(1000));
  for (int i = 0; i < 100; ++i) client.settle();
  CHECK(bench.handler.pieces.size() == 1);
  while (sent < request.size()) {
    const std::size_t pieces = bench.handler.pieces.size();
    bench.handler.reply.resume_body();
    run_until(bench.context, [&] { return bench.handler.pieces.size() > pieces; });
    sent += client.send_some(std::string_view(request).substr(sent));
  }
  bench.handler.flow = Flow::more;
  bench.handler.reply.resume_body();
  CHECK(client.answer().body == "end");
  CHECK(bench.handler.received == body.size());
}

TEST_CASE("the last piece may be paused: the end follows all the same, and the connection goes on") {
  Bench bench;
  bench.handler.flow = Flow::pause;
  RawClient client = bench.client();
  CHECK(client.ask("POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab").body == "end");
  CHECK(client.ask("POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\ncd").body == "end");
  CHECK(bench.handler.pieces == std::vector<std::string>{"ab", "cd"});
}

TEST_CASE("a body in pieces that grows over the limit ends at once") {
  Bench bench;
  bench.handler.body_limit = 10;
  RawClient client = bench.client();
  client.send("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n");
  run_until(bench.context, [&] { return bench.handler.received == 8; });
  const Answer answer = client.ask("3\r\n890\r\n");
  CHECK(answer.has("Connection: close"));
  CHECK(bench.handler.ends == std::vector<BodyEnd>{BodyEnd::too_large});
  CHECK(bench.handler.received == 8);
  // One that declares too much is read away instead: nobody waits for its pieces.
  RawClient declared = bench.client();
  CHECK_FALSE(
      declared.ask("POST /x HTTP/1.1\r\nContent-Length: 11\r\n\r\n01234567890").has("Connection: close"));
  CHECK(bench.handler.ends.back() == BodyEnd::too_large);
  CHECK(bench.handler.received == 8);
}

TEST_CASE("what came of a truncated body is handed over before its end is told") {
  struct Row {
    std::string rest;
    BodyEnd end;
  };
  for (const Row& row : {Row{"", BodyEnd::truncated}, Row{"zz\r\n", BodyEnd::malformed}}) {
    Bench bench;
    RawClient client = bench.client();
    client.send("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + row.rest);
    client.finish_sending();
    CHECK(client.answer().has("Connection: close"));
    CHECK(bench.handler.pieces == std::vector<std::string>{"hello"});
    CHECK(bench.handler.ends == std::vector<BodyEnd>{row.end});
  }
}

TEST_CASE("a handler may end the connection, or the server, with a piece in hand") {
  for (const bool whole_server : {false, true}) {
    Bench bench;
    bench.handler.at_piece = [&] {
      if (whole_server)
        bench.server.reset();
      else
        bench.handler.reply.drop();
    };
    RawClient client = bench.client();
    client.send("POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + std::string(kPing));
    CHECK(client.ended());
    CHECK(bench.handler.pieces.size() == 1);
    CHECK(bench.handler.ends.empty());
    bench.handler.reply.resume_body();
  }
}
