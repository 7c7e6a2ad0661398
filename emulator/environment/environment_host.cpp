// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/environment_host.hpp"

namespace lemu::emulator {

std::shared_ptr<http::CallerGuard> EnvironmentHost::guard_of(uid_t function) {
  const auto [at, made] = guards_.try_emplace(function);
  if (!made) return at->second;
  if (Result<SocketOwners> owners = SocketOwners::open())
    at->second = std::make_shared<http::UserGuard>(std::move(*owners), std::vector<uid_t>{function},
                                                   "the Runtime API of a function");
  return at->second;
}

}  // namespace lemu::emulator
