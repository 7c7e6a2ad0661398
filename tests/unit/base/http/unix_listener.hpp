// SPDX-License-Identifier: Apache-2.0
// UnixListener: a server's listener without a port, for tests that make connections by the thousand: what is
// sent is there when the call returns, and a connection leaves nothing in the kernel (TCP's would, for a
// minute).
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>

#include "base/fd.hpp"

namespace lemu::http::test {

class UnixListener {
 public:
  UnixListener() {
    // Without a name the kernel chooses one: "Autobind feature" in unix(7).
    need(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof(sa_family_t)) == 0);
    need(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address_), &size_) == 0);
    need(::listen(fd_.get(), 16) == 0);
  }
  /// For a server to own.
  [[nodiscard]] Fd for_server() const { return Fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 3)); }
  [[nodiscard]] Fd connect() const {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    need(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), size_) == 0);
    return fd;
  }

 private:
  static void need(bool done) {
    if (!done) std::abort();
  }
  sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
  socklen_t size_ = sizeof(sockaddr_un);
  Fd fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

}  // namespace lemu::http::test
