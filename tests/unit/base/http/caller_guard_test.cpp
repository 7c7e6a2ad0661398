// SPDX-License-Identifier: Apache-2.0
#include "base/http/caller_guard.hpp"

#include <sched.h>
#include <sys/wait.h>

#include "base/http/http.hpp"
#include "base/http/listener.hpp"
#include "tests/unit/base/http/raw_client.hpp"

using namespace lemu;
using namespace lemu::http;
using namespace lemu::http::test;

namespace {

struct Hello : Handler {
  int requests = 0;
  HeadVerdict on_head(const Request&) override { return {.body_limit = 1000}; }
  void on_request(Request&, Reply reply) override {
    ++requests;
    reply.send({.content_type = "text/plain", .body = "hello"});
  }
  void on_peer_gone(const Reply&) override {}
};

/// Refuses while it is told to, and counts how often it is asked.
struct Doorman : CallerGuard {
  std::optional<std::string> says;
  int asked = 0;
  std::optional<std::string> objection(int) override {
    ++asked;
    return says;
  }
};

struct Bench {
  boost::asio::io_context context{1};
  std::string address;
  Hello hello;
  std::optional<Server> server;

  explicit Bench(std::shared_ptr<CallerGuard> guard, Limits limits = {}) {
    Result<Fd> listener = listen_on_loopback();
    REQUIRE(listener);
    address = *address_of(*listener);
    server.emplace(context, std::move(*listener), hello, limits, std::move(guard));
    server->start();
  }
  RawClient client() { return RawClient(context, address); }
};

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

std::shared_ptr<UserGuard> guard_for(std::vector<uid_t> users) {
  Result<SocketOwners> owners = SocketOwners::open();
  REQUIRE(owners);
  return std::make_shared<UserGuard>(std::move(*owners), std::move(users), "this server", "; a remedy");
}

}  // namespace

TEST_CASE("a guard is asked once of each connection") {
  const auto doorman = std::make_shared<Doorman>();
  Bench bench(doorman);
  RawClient client = bench.client();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    CHECK(client.answer().status == 200);
  }
  CHECK(doorman->asked == 1);
  CHECK(bench.server->connection_count() == 1);
}

TEST_CASE("whom a guard refuses is told why, once, and the handler hears nothing") {
  const auto doorman = std::make_shared<Doorman>();
  doorman->says = "not you";
  Bench bench(doorman);
  const std::string large(300'000, 'x');
  for (const std::string& request :
       {std::string(kGet), std::string(kGet) + std::string(kGet),
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + large,
        std::string("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")}) {
    RawClient client = bench.client();
    client.send(request);
    const Answer answer = client.answer();
    CHECK(answer.status == 403);
    CHECK(answer.body == "not you\n");
    CHECK(answer.has("Connection: close"));
    CHECK(client.ended());
  }
  CHECK(bench.hello.requests == 0);
  CHECK(bench.server->connection_count() == 0);
  CHECK(bench.server->unanswered_count() == 0);
}

TEST_CASE("refused callers take no connection from others, however many hold on") {
  const auto doorman = std::make_shared<Doorman>();
  doorman->says = "not you";
  Bench bench(doorman, {.connections = 1});
  std::vector<RawClient> held;
  for (int i = 0; i < 20; ++i) held.push_back(bench.client());
  run_until(bench.context, [&] { return doorman->asked == 20; });
  CHECK(bench.server->connection_count() == 0);
  doorman->says.reset();
  RawClient ours = bench.client();
  ours.send(kGet);
  CHECK(ours.answer().status == 200);
  bench.server->drain();
  CHECK(held.front().ended());
}

TEST_CASE("only the named users' connections are served") {
  const uid_t me = ::geteuid();
  struct Row {
    std::vector<uid_t> users;
    int status;
  };
  const Row rows[] = {{{me}, 200}, {{me + 1, me}, 200}, {{me + 1}, 403}, {{}, 403}};
  for (const Row& row : rows) {
    Bench bench(guard_for(row.users));
    RawClient client = bench.client();
    client.send(kGet);
    const Answer answer = client.answer();
    CHECK(answer.status == row.status);
    if (row.status == 403)
      CHECK(answer.body ==
            "this server does not serve the user with the id " + std::to_string(me) + "; a remedy\n");
  }
}

TEST_CASE("who has closed before it is asked about is not served") {
  Bench bench(guard_for({::geteuid() + 1}));
  {
    RawClient client = bench.client();
    client.send(kGet);
  }
  RawClient other = bench.client();  // accepted after that one
  other.send(kGet);
  CHECK(other.answer().status == 403);
  CHECK(bench.hello.requests == 0);
}

TEST_CASE("a UNIX socket is for its own user outside of sandboxes") {
  const UnixListener listener;
  const Fd client = listener.connect();
  const Fd listening = listener.for_server();
  const Fd served(::accept(listening.get(), nullptr, nullptr));
  REQUIRE(served.valid());
  OwnUserGuard guard;
  CHECK_FALSE(guard.objection(served.get()));

  // The same user's process in a user namespace of its own, as a sandbox has one.
  int ready[2], done[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(done) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = ::unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
    const Fd inside = listener.connect();
    if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const Fd from_inside(::accept(listening.get(), nullptr, nullptr));
  if (byte == 'y')
    CHECK(guard.objection(from_inside.get()).value_or("") ==
          "a function in a sandbox does not control lemu serve");
  else
    MESSAGE("skipped: no user namespaces here");
  REQUIRE(::write(done[1], "x", 1) == 1);
  ::waitpid(child, nullptr, 0);
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);

  const Fd plain(::socket(AF_INET, SOCK_STREAM, 0));
  CHECK(guard.objection(plain.get()));
}
