// SPDX-License-Identifier: Apache-2.0
// SocketOwners: which user has a TCP socket of this machine, asked of the kernel (sock_diag(7)). One netlink
// socket that stays open; an answer costs two system calls. Move-only; any one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/tcp_end.hpp"

namespace lemu {

class SocketOwners {
 public:
  /// Tries it on a socket of its own: host_lacks where the kernel does not tell.
  static Result<SocketOwners> open();

  /// Who has the socket at the other end. Nothing when no process of this machine has it: it is on another
  /// machine, or was closed (whose it was, the kernel has forgotten then).
  [[nodiscard]] std::optional<uid_t> of_peer(const TcpEnds& connection);
  /// Who listens there; nothing when nobody does.
  [[nodiscard]] std::optional<uid_t> of_listener(const TcpEnd& address);

 private:
  explicit SocketOwners(Fd netlink) : netlink_(std::move(netlink)) {}
  struct Found;
  std::optional<Found> ask(const TcpEnd& own, const TcpEnd& peer);

  Fd netlink_;
  std::uint32_t sequence_ = 0;
};

}  // namespace lemu
