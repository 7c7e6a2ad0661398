// SPDX-License-Identifier: Apache-2.0
#include "rapi/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace lemu::rapi {

Result<Fd> listen_on_loopback(std::uint16_t port) {
  const std::string attempt = "cannot listen on 127.0.0.1:" + std::to_string(port);
  const auto failed = [&attempt](int code) {
    return fail_errno(code, attempt, ErrorKind::host_lacks,
                      code == EADDRINUSE ? "choose another port, or end the program that listens there" : "");
  };
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failed(errno);
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return failed(errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return failed(errno);
  if (::listen(fd.get(), SOMAXCONN) < 0) return failed(errno);
  return fd;
}

Result<std::string> address_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0)
    return fail_errno(errno, "cannot tell the address of a listener");
  if (address.sin_family != AF_INET)
    return fail(ErrorKind::internal, "cannot tell the address of a listener: it is not an IPv4 socket");
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

}  // namespace lemu::rapi
