// SPDX-License-Identifier: Apache-2.0
#include "base/socket_owner.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <string>

using lemu::Fd;
using lemu::SocketOwners;

namespace {

sockaddr_storage address_of(int family, const char* text, std::uint16_t port) {
  sockaddr_storage address{};
  address.ss_family = static_cast<sa_family_t>(family);
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  REQUIRE(::inet_pton(family, text, family == AF_INET ? static_cast<void*>(&v4.sin_addr) : &v6.sin6_addr) ==
          1);
  (family == AF_INET ? v4.sin_port : v6.sin6_port) = htons(port);
  return address;
}

std::uint16_t port_of(const Fd& fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  return ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port);  // at the same place in both
}

Fd bound(int family, const char* text) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage address = address_of(family, text, 0);
  return fd.valid() && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
             ? std::move(fd)
             : Fd();
}

Fd listening(int family, const char* text) {
  Fd fd = bound(family, text);
  return fd.valid() && ::listen(fd.get(), 4) == 0 ? std::move(fd) : Fd();
}

void connect_to(const Fd& fd, int family, const char* text, std::uint16_t port) {
  const sockaddr_storage address = address_of(family, text, port);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

/// Makes sockets of another user while it lives; only root can.
class AsUser {
 public:
  explicit AsUser(uid_t user) : done_(::geteuid() == 0 && ::seteuid(user) == 0) {}
  ~AsUser() {
    if (done_ && ::seteuid(0) != 0) std::abort();
  }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;

 private:
  bool done_;
};

constexpr uid_t kSomebody = 54'321;

uid_t somebody() { return ::geteuid() == 0 ? kSomebody : ::geteuid(); }

}  // namespace

TEST_CASE("the user of a calling socket is known, whatever its addresses") {
  struct Row {
    int listener_family;
    const char* listens;
    int family;
    const char* from;
    const char* to;
    bool loopback;  // of either end
  };
  const Row rows[] = {
      {AF_INET, "127.0.0.1", AF_INET, "127.0.0.1", "127.0.0.1", true},
      {AF_INET, "0.0.0.0", AF_INET, "127.0.0.9", "127.0.0.2", true},
      {AF_INET6, "::1", AF_INET6, "::1", "::1", true},
      {AF_INET6, "::", AF_INET6, "::1", "::1", true},
      {AF_INET6, "::", AF_INET, "127.0.0.1", "127.0.0.1", true},
      {AF_INET6, "::", AF_INET6, "::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
      {AF_INET, "127.0.0.1", AF_INET6, "::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
  };
  lemu::Result<SocketOwners> owners = SocketOwners::open();
  REQUIRE(owners);
  for (const Row& row : rows) {
    CAPTURE(row.listens);
    CAPTURE(row.from);
    const Fd listener = listening(row.listener_family, row.listens);
    if (!listener.valid()) {
      MESSAGE("skipped: no IPv6 here");
      continue;
    }
    Fd client;
    {
      const AsUser other(kSomebody);
      client = bound(row.family, row.from);
    }
    REQUIRE(client.valid());
    connect_to(client, row.family, row.to, port_of(listener));
    const Fd served(::accept(listener.get(), nullptr, nullptr));
    const std::optional<lemu::TcpEnds> ends = lemu::tcp_ends(served.get());
    REQUIRE(ends);
    CHECK(ends->peer.is_loopback() == row.loopback);
    CHECK(owners->of_peer(*ends) == somebody());

    ::shutdown(client.get(), SHUT_WR);  // still there
    CHECK(owners->of_peer(*ends) == somebody());
  }
}

TEST_CASE("a socket that is closed is nobody's, and never root's") {
  lemu::Result<SocketOwners> owners = SocketOwners::open();
  REQUIRE(owners);
  const Fd listener = listening(AF_INET, "127.0.0.1");
  for (const bool reset : {false, true}) {
    Fd client;
    {
      const AsUser other(kSomebody);
      client = bound(AF_INET, "127.0.0.1");
    }
    connect_to(client, AF_INET, "127.0.0.1", port_of(listener));
    Fd served(::accept(listener.get(), nullptr, nullptr));
    const std::optional<lemu::TcpEnds> ends = lemu::tcp_ends(served.get());
    REQUIRE(ends);
    const linger at_once{1, 0};
    if (reset) ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.reset();
    // Newer kernels still know.
    CHECK(owners->of_peer(*ends).value_or(somebody()) == somebody());
    served.reset();  // the client's is in TIME_WAIT then, unless it was reset
    CHECK_FALSE(owners->of_peer(*ends));
  }
}

TEST_CASE("who listens at the caller's port is not taken for the caller") {
  lemu::Result<SocketOwners> owners = SocketOwners::open();
  REQUIRE(owners);
  const Fd listener = listening(AF_INET, "127.0.0.1");
  const Fd other = listening(AF_INET, "127.0.0.1");
  lemu::TcpEnds ends;
  ends.own.family = ends.peer.family = AF_INET;
  ends.own.address[0] = ends.peer.address[0] = htonl(INADDR_LOOPBACK);
  ends.own.port = htons(port_of(listener));
  ends.peer.port = htons(port_of(other));
  CHECK_FALSE(owners->of_peer(ends));
  CHECK(owners->of_listener(ends.own) == ::geteuid());
}

TEST_CASE("sockets of another kind have no ends") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const Fd one(pair[0]), two(pair[1]);
  CHECK_FALSE(lemu::tcp_ends(one.get()));
  CHECK_FALSE(lemu::tcp_ends(-1));
  const Fd unconnected = listening(AF_INET, "127.0.0.1");
  CHECK_FALSE(lemu::tcp_ends(unconnected.get()));
}
