// SPDX-License-Identifier: Apache-2.0
#include "base/socket_owner.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/errors.hpp"

namespace lemu {
namespace {

// States of a socket as the kernel counts them (include/net/tcp_states.h; glibc's names stand in a header
// that cannot be read beside the kernel's).
constexpr std::uint8_t kTimeWait = 6;
constexpr std::uint8_t kListen = 10;

struct Question {
  nlmsghdr head{};
  inet_diag_req_v2 body{};
};

Question question(const TcpEnd& own, const TcpEnd& peer, std::uint32_t sequence) {
  Question asked;
  asked.head.nlmsg_len = sizeof asked;
  asked.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  asked.head.nlmsg_flags = NLM_F_REQUEST;
  asked.head.nlmsg_seq = sequence;
  asked.body.sdiag_family = static_cast<std::uint8_t>(own.family);
  asked.body.sdiag_protocol = IPPROTO_TCP;
  asked.body.idiag_states = ~0U;
  inet_diag_sockid& id = asked.body.id;
  id.idiag_sport = own.port;
  id.idiag_dport = peer.port;
  std::copy(own.address.begin(), own.address.end(), id.idiag_src);
  std::copy(peer.address.begin(), peer.address.end(), id.idiag_dst);
  std::fill(std::begin(id.idiag_cookie), std::end(id.idiag_cookie), static_cast<__u32>(INET_DIAG_NOCOOKIE));
  return asked;
}

/// A listener on a free loopback port, to try the kernel's answers on.
Fd listener_to_try() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage loopback = TcpEnd::of("127.0.0.1", 0)->socket_address();
  const bool listens = fd.valid() &&
                       ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0 &&
                       ::listen(fd.get(), 1) == 0;
  return listens ? std::move(fd) : Fd();
}

}  // namespace

struct SocketOwners::Found {
  uid_t user = 0;
  std::uint32_t inode = 0;  // 0: no process has the socket
  std::uint8_t state = 0;
};

Result<SocketOwners> SocketOwners::open() {
  Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
  if (!netlink.valid()) return fail_errno<"socket-owners-unknown">(errno);
  SocketOwners owners(std::move(netlink));
  const Fd listener = listener_to_try();
  const std::optional<TcpEnd> address = listener.valid() ? bound_end(listener.get()) : std::nullopt;
  if (!address) return fail_errno<"socket-owners-unknown">(errno);
  errno = 0;
  if (!owners.of_listener(*address)) return fail_errno<"socket-owners-unknown">(errno != 0 ? errno : ENOENT);
  return owners;
}

std::optional<uid_t> SocketOwners::of_peer(const TcpEnds& connection) {
  const std::optional<Found> found = ask(connection.peer, connection.own);
  if (!found || found->state == kListen || found->state == kTimeWait) return std::nullopt;
  // Of a socket that was closed Linux before 6.17 says that root has it.
  if (found->inode == 0 && found->user == 0) return std::nullopt;
  return found->user;
}

std::optional<uid_t> SocketOwners::of_listener(const TcpEnd& address) {
  TcpEnd nobody;
  nobody.family = address.family;
  const std::optional<Found> found = ask(address, nobody);
  if (!found || found->state != kListen) return std::nullopt;
  return found->user;
}

/// About the socket with these ends. The kernel answers before sendto(2) returns.
std::optional<SocketOwners::Found> SocketOwners::ask(const TcpEnd& own, const TcpEnd& peer) {
  const Question asked = question(own, peer, ++sequence_);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t done = 0;
  do
    done = ::sendto(netlink_.get(), &asked, sizeof asked, 0, reinterpret_cast<const sockaddr*>(&kernel),
                    sizeof kernel);
  while (done < 0 && errno == EINTR);
  if (done < 0) return std::nullopt;
  alignas(nlmsghdr) std::array<std::byte, 1024> answer;
  while ((done = ::recv(netlink_.get(), answer.data(), answer.size(), 0)) >= 0 || errno == EINTR) {
    nlmsghdr head{};
    if (done < static_cast<ssize_t>(sizeof head)) continue;
    std::memcpy(&head, answer.data(), sizeof head);
    if (head.nlmsg_seq != sequence_) continue;  // late, of a question that was given up
    if (head.nlmsg_type == NLMSG_ERROR) {
      nlmsgerr error{};
      std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
      errno = -error.error;
      return std::nullopt;
    }
    inet_diag_msg told{};
    if (done < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof told)) continue;
    std::memcpy(&told, answer.data() + NLMSG_HDRLEN, sizeof told);
    // Where no socket has these two ends, the kernel goes on to one that listens at the first.
    if (told.id.idiag_sport != own.port || told.id.idiag_dport != peer.port) return std::nullopt;
    return Found{told.idiag_uid, told.idiag_inode, told.idiag_state};
  }
  return std::nullopt;
}

}  // namespace lemu
