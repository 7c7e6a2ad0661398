// SPDX-License-Identifier: Apache-2.0
// HostGuard: keeps web pages from reaching the daemon through a browser on this machine: by a name of theirs
// that resolves to a loopback address (DNS rebinding), or by sending requests across origins. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rapi/http.hpp"

namespace lemu::emulator {

class HostGuard {
 public:
  /// Whether the daemon listens to other machines too: then any numeric address may be its own.
  enum class Reach { loopback, network };
  HostGuard(Reach reach, std::vector<std::string> names) : reach_(reach), names_(std::move(names)) {}

  /// Why the request is refused; nothing when it is not.
  [[nodiscard]] std::optional<std::string> objection(const rapi::HttpRequest& request) const;
  /// Whether `host`, as in a Host field, is this daemon's name.
  [[nodiscard]] bool is_ours(std::string_view host) const;

 private:
  Reach reach_;
  std::vector<std::string> names_;
};

}  // namespace lemu::emulator
