// SPDX-License-Identifier: Apache-2.0
#include "rapi/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "rapi/errors.hpp"

namespace lemu::rapi {

Result<Fd> listen_on_loopback(std::uint16_t port) { return listen_on("127.0.0.1", port); }

Result<Fd> listen_on(const std::string& where, std::uint16_t port) {
  const auto failed = [&where, port](int code) {
    if (code == EADDRINUSE && port == 0) return fail_errno<"no-free-port">(code, where);
    return code == EADDRINUSE ? fail_errno<"port-in-use">(code, where, port)
                              : fail_errno<"cannot-listen">(code, where, port);
  };
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failed(errno);
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return failed(errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, where.c_str(), &address.sin_addr) != 1) return fail<"listen-address">(where);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return failed(errno);
  if (::listen(fd.get(), SOMAXCONN) < 0) return failed(errno);
  return fd;
}

Result<std::string> address_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0)
    return fail_errno<"listener-address">(errno);
  if (address.sin_family != AF_INET) return fail_errno<"listener-address">(EAFNOSUPPORT);
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

}  // namespace lemu::rapi
