// SPDX-License-Identifier: Apache-2.0
#include "base/tcp_end.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace lemu {

TcpEnd TcpEnd::of(const sockaddr_storage& address) {
  TcpEnd end;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    end.family = AF_INET;
    end.address[0] = v4.sin_addr.s_addr;
    end.port = v4.sin_port;
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    end.family = AF_INET6;
    std::memcpy(end.address.data(), &v6.sin6_addr, sizeof end.address);
    end.port = v6.sin6_port;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      end.family = AF_INET;
      end.address = {end.address[3], 0, 0, 0};
    }
  }
  return end;
}

std::optional<TcpEnd> TcpEnd::of(const std::string& numeric, std::uint16_t at_port) {
  TcpEnd end;
  end.port = htons(at_port);
  end.family = AF_INET;
  if (::inet_pton(AF_INET, numeric.c_str(), end.address.data()) == 1) return end;
  const bool bracketed = numeric.size() > 2 && numeric.front() == '[' && numeric.back() == ']';
  const std::string bare = bracketed ? numeric.substr(1, numeric.size() - 2) : numeric;
  end.family = AF_INET6;
  if (::inet_pton(AF_INET6, bare.c_str(), end.address.data()) != 1) return std::nullopt;
  return of(end.socket_address());
}

sockaddr_storage TcpEnd::socket_address() const {
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_addr.s_addr = address[0];
    v4.sin_port = port;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    std::memcpy(&v6.sin6_addr, address.data(), sizeof v6.sin6_addr);
    v6.sin6_port = port;
  }
  return storage;
}

bool TcpEnd::is_loopback() const {
  if (family == AF_INET) return (ntohl(address[0]) >> IN_CLASSA_NSHIFT) == IN_LOOPBACKNET;
  return family == AF_INET6 && std::memcmp(address.data(), &in6addr_loopback, sizeof address) == 0;
}

std::string TcpEnd::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address.data(), text.data(), text.size());
  return text.data();
}

std::string TcpEnd::text() const {
  const std::string at_port = ":" + std::to_string(ntohs(port));
  return family == AF_INET6 ? "[" + host() + "]" + at_port : host() + at_port;
}

std::optional<TcpEnd> bound_end(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) < 0) return std::nullopt;
  const TcpEnd end = TcpEnd::of(address);
  return end.family == 0 ? std::nullopt : std::optional(end);
}

std::optional<TcpEnds> tcp_ends(int connection) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &size) < 0) return std::nullopt;
  const std::optional<TcpEnd> own = bound_end(connection);
  const TcpEnds ends{own.value_or(TcpEnd{}), TcpEnd::of(peer)};
  if (!own || ends.own.family != ends.peer.family) return std::nullopt;
  return ends;
}

}  // namespace lemu
