// SPDX-License-Identifier: Apache-2.0
// Listening sockets, made before any server or process that uses them: a connection made early waits in the
// kernel's queue. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::http {

/// A listening TCP socket at a numeric address, IPv4 or IPv6; port 0 lets the kernel choose.
Result<Fd> listen_on(const std::string& address, std::uint16_t port);
/// The same on 127.0.0.1.
Result<Fd> listen_on_loopback(std::uint16_t port = 0);
/// "127.0.0.1:PORT" or "[::1]:PORT" of a listener: what AWS_LAMBDA_RUNTIME_API holds.
Result<std::string> address_of(const Fd& listener);

/// Whether only this machine reaches what listens there: "127.0.0.1", "::1".
[[nodiscard]] bool is_loopback(const std::string& address);

}  // namespace lemu::http
