// SPDX-License-Identifier: Apache-2.0
// TcpEnd: an address and a port: one end of a TCP connection, or where somebody listens. A plain value; any
// thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace lemu {

struct TcpEnd {
  int family = 0;                          ///< AF_INET or AF_INET6
  std::array<std::uint32_t, 4> address{};  ///< in network order; of IPv4 the first
  std::uint16_t port = 0;                  ///< in network order

  /// "127.0.0.1", "::1", "[::1]"; nothing for what is no numeric address. `at_port` is in host order.
  static std::optional<TcpEnd> of(const std::string& numeric, std::uint16_t at_port);
  /// Family 0 for what is neither. IPv4 that is written as IPv6 ("::ffff:127.0.0.1") becomes IPv4.
  static TcpEnd of(const sockaddr_storage& address);
  [[nodiscard]] sockaddr_storage socket_address() const;

  /// All of 127.0.0.0/8, and ::1.
  [[nodiscard]] bool is_loopback() const;
  /// 0.0.0.0, ::
  [[nodiscard]] bool is_wildcard() const { return address == std::array<std::uint32_t, 4>{}; }
  /// "127.0.0.1", "::1"
  [[nodiscard]] std::string host() const;
  /// As it stands in a URL: "127.0.0.1:9000", "[::1]:9000".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const TcpEnd&, const TcpEnd&) = default;
};

/// The two ends of a connected socket; nothing when it is no TCP socket, or not connected any more.
struct TcpEnds {
  TcpEnd own;
  TcpEnd peer;
};
[[nodiscard]] std::optional<TcpEnds> tcp_ends(int connection);
/// What a socket is bound to, likewise.
[[nodiscard]] std::optional<TcpEnd> bound_end(int socket);

}  // namespace lemu
