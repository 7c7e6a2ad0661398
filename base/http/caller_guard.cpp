// SPDX-License-Identifier: Apache-2.0
#include "base/http/caller_guard.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace lemu::http {
namespace {

/// Whether the process is in this one's user namespace: what runs in a sandbox is not, though to the kernel
/// it is the same user.
bool shares_user_namespace(pid_t process) {
  struct stat own {
  }, other{};
  const std::string path = "/proc/" + std::to_string(process) + "/ns/user";
  return ::stat("/proc/self/ns/user", &own) == 0 && ::stat(path.c_str(), &other) == 0 &&
         own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

}  // namespace

/// A process may give its socket any address of this machine, so one end on loopback is enough to ask.
std::optional<std::string> UserGuard::objection(int connection) {
  const std::optional<TcpEnds> ends = tcp_ends(connection);
  if (!ends) return whose_ + " does not serve a connection that was closed at once";
  if (!ends->peer.is_loopback() && !ends->own.is_loopback()) return std::nullopt;
  const std::optional<uid_t> user = owners_.of_peer(*ends);
  if (!user) return whose_ + " serves no caller whose user the kernel does not tell" + remedy_;
  if (std::find(users_.begin(), users_.end(), *user) != users_.end()) return std::nullopt;
  return whose_ + " does not serve the user with the id " + std::to_string(*user) + remedy_;
}

std::optional<std::string> OwnUserGuard::objection(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
    return "the kernel does not tell who calls";
  if (peer.uid == 0 && ::geteuid() != 0) return std::nullopt;
  if (peer.uid != ::geteuid())
    return "this lemu serve belongs to the user with the id " + std::to_string(::geteuid());
  if (!shares_user_namespace(peer.pid)) return "a function in a sandbox does not control lemu serve";
  return std::nullopt;
}

}  // namespace lemu::http
