// SPDX-License-Identifier: Apache-2.0
#include "base/http/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/http/errors.hpp"
#include "base/tcp_end.hpp"

namespace lemu::http {
namespace {

tl::unexpected<Error> cannot_listen(const TcpEnd& end, int code) {
  if (code != EADDRINUSE) return fail_errno<"cannot-listen">(code, at<"address">(end.text()));
  return end.port == 0 ? fail_errno<"no-free-port">(code, at<"address">(end.host()))
                       : fail_errno<"port-in-use">(code, at<"address">(end.text()));
}

}  // namespace

Result<Fd> listen_on_loopback(std::uint16_t port) { return listen_on("127.0.0.1", port); }

/// At [::] for IPv4 too, as servers in Go do.
Result<Fd> listen_on(const std::string& where, std::uint16_t port) {
  const std::optional<TcpEnd> end = TcpEnd::of(where, port);
  if (!end) return fail<"listen-address">(at<"address">(where));
  Fd fd(::socket(end->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return cannot_listen(*end, errno);
  const int on = 1, off = 0;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return cannot_listen(*end, errno);
  if (end->family == AF_INET6 && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
    return cannot_listen(*end, errno);
  const sockaddr_storage address = end->socket_address();
  const socklen_t size = end->family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0)
    return cannot_listen(*end, errno);
  if (::listen(fd.get(), SOMAXCONN) < 0) return cannot_listen(*end, errno);
  return fd;
}

Result<std::string> address_of(const Fd& listener) {
  const std::optional<TcpEnd> end = bound_end(listener.get());
  if (!end) return fail_errno<"listener-address">(errno != 0 ? errno : EAFNOSUPPORT);
  return end->text();
}

bool is_loopback(const std::string& address) {
  const std::optional<TcpEnd> end = TcpEnd::of(address, 0);
  return end && end->is_loopback();
}

}  // namespace lemu::http
