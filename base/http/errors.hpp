// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::http {

inline constexpr ErrorRow kErrors[] = {
    {"port-in-use", ErrorKind::host_lacks, "cannot listen on {address}: {os_error}",
     "Another program listens on this port of the address.",
     "choose another port, or end the program that listens there"},
    {"no-free-port", ErrorKind::host_lacks, "no free port on {address}: {os_error}",
     "lemu needs a port of the address (for the Runtime API: of the loopback address), and programs hold all "
     "of those that the kernel gives out.",
     "end some of them (`ss -tan` lists them), or widen net.ipv4.ip_local_port_range"},
    {"cannot-listen", ErrorKind::host_lacks, "cannot listen on {address}: {os_error}",
     "lemu needs a port of the address (for the Runtime API: of the loopback address), and this machine or "
     "container gave none.",
     "bring the loopback interface up (ip link set lo up), and allow sockets where a container forbids them"},
    {"listen-address", ErrorKind::bad_usage,
     "cannot listen on '{address}': it is not a numeric IPv4 address, nor an "
     "IPv6 one",
     "lemu listens on addresses, not on names.",
     "for example 127.0.0.1 or ::1; 0.0.0.0 or :: for all addresses"},
    {"listener-address", ErrorKind::internal, "cannot tell the address of a listener: {os_error}",
     "lemu could not learn the port of its own Runtime API.", kNoRemedy},

    // Asking a server.
    {"host-unknown", ErrorKind::host_lacks, "the host name '{name}' has no known address: {reason}",
     "lemu asks /etc/hosts and the name servers of /etc/resolv.conf.",
     "check the name, or give the host's numeric address"},
    {"endpoint-silent", ErrorKind::host_lacks, "nobody serves {url}: {reason}",
     "No lemu serve listens there, or it ended before it answered.",
     "start `lemu serve`, or name its address with --endpoint"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace lemu::http
