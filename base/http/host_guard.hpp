// SPDX-License-Identifier: Apache-2.0
// HostGuard: keeps web pages from reaching a server through a browser on this machine: by a name of theirs
// that resolves to a loopback address (DNS rebinding), or by sending requests across origins. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/http.hpp"

namespace lemu::http {

class HostGuard {
 public:
  /// Which hosts are the server's own, beside loopback ones and its names.
  enum class Reach {
    loopback,
    network,    ///< any numeric address: it listens to other machines too
    container,  ///< and names that can be nobody's domain, a service's among containers
  };
  enum class HostField { optional, demanded };  ///< of HTTP/1.1, which has it always (RFC 9112, 3.2)

  HostGuard(Reach reach, HostField field, const std::vector<std::string>& names = {});

  struct Objection {
    enum class Kind { malformed, not_ours } kind;
    std::string why;
  };
  /// Why the request is refused; nothing when it is not.
  [[nodiscard]] std::optional<Objection> objection(const Request& request) const;
  /// Whether `host`, as in a Host field, is this server's name.
  [[nodiscard]] bool is_ours(std::string_view host) const;

 private:
  [[nodiscard]] std::optional<Objection> objection_to_host(const Request& request) const;

  Reach reach_;
  HostField field_;
  std::vector<std::string> names_;  // in small letters
};

/// What can stand in a Host field without a port.
[[nodiscard]] bool is_host_name(std::string_view text);

}  // namespace lemu::http
