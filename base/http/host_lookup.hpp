// SPDX-License-Identifier: Apache-2.0
// Which addresses a host's name stands for: by /etc/hosts, then by the name servers of /etc/resolv.conf.
// (lemu is static, and libc's getaddrinfo(3) would load modules that may not fit.) Blocking.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/tcp_end.hpp"

namespace lemu::http {

/// At least one, those of IPv4 first. host_lacks when the name is not known.
[[nodiscard]] Result<std::vector<TcpEnd>> look_up_host(const std::string& name, std::uint16_t port);

/// The addresses that a file as /etc/hosts gives to the name. Pure.
[[nodiscard]] std::vector<TcpEnd> addresses_in_hosts(std::string_view hosts, std::string_view name,
                                                     std::uint16_t port);

}  // namespace lemu::http
