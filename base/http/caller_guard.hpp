// SPDX-License-Identifier: Apache-2.0
// CallerGuard: who may talk to a server, decided once for each connection, before anything of it is read.
// Shared by the servers it is for; their io_context's thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/socket_owner.hpp"

namespace lemu::http {

class CallerGuard {
 public:
  virtual ~CallerGuard() = default;
  /// Why the connection is refused; nothing when it is not.
  virtual std::optional<std::string> objection(int connection) = 0;
};

/// Of what comes over a loopback address only these users' connections; others come from elsewhere, and are
/// not asked about.
class UserGuard final : public CallerGuard {
 public:
  /// `whose` names the server: "this Runtime API".
  UserGuard(SocketOwners owners, std::vector<uid_t> users, std::string whose, std::string remedy = {})
      : owners_(std::move(owners)),
        users_(std::move(users)),
        whose_(std::move(whose)),
        remedy_(std::move(remedy)) {}
  std::optional<std::string> objection(int connection) override;

 private:
  SocketOwners owners_;
  const std::vector<uid_t> users_;
  const std::string whose_;
  const std::string remedy_;
};

/// Of a UNIX socket: only this process's user, outside of any sandbox, and root.
class OwnUserGuard final : public CallerGuard {
 public:
  std::optional<std::string> objection(int connection) override;
};

}  // namespace lemu::http
