// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/client/control_lookup.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>

#include "base/socket_owner.hpp"
#include "emulator/cli/client/errors.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/environment/environment_folder.hpp"
#include "emulator/store/control_socket.hpp"

namespace lemu::emulator::cli {
namespace {

/// Nobody can bind a socket to another machine's address.
bool is_local(const TcpEnd& end) {
  TcpEnd any_port = end;
  any_port.port = 0;
  const sockaddr_storage address = any_port.socket_address();
  const Fd fd(::socket(end.family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return end.is_loopback() ||
         ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// The addresses that a daemon which is reached at this one may listen on.
std::vector<TcpEnd> listening_for(const TcpEnd& end) {
  const std::uint16_t port = ntohs(end.port);
  std::vector<TcpEnd> all{end};
  if (end.family == AF_INET) all.push_back(*TcpEnd::of("0.0.0.0", port));
  all.push_back(*TcpEnd::of("::", port));
  return all;
}

std::vector<std::string> bases_of(uid_t owner) {
  const std::string usual = default_environment_base(own_variable);
  const std::string name = "/lemu-" + std::to_string(owner);
  std::vector<std::string> bases{usual.substr(0, usual.rfind('/')) + name};
  if (bases[0] != "/tmp" + name) bases.push_back("/tmp" + name);
  return bases;
}

}  // namespace

Result<Fd> ControlLookup::find_at(const TcpEnd& end, uid_t owner) {
  Result<Fd> found = fail<"endpoint-not-controlled">(at<"url">(end.text()), at<"folders">(""));
  for (const std::string& base : bases_of(owner)) {
    if (std::find(places_.begin(), places_.end(), control_folder(base)) == places_.end())
      places_.push_back(control_folder(base));
    for (const TcpEnd& listening : listening_for(end))
      if (found = connect_to_control(base, listening.text(), owner); found) return found;
  }
  return found;
}

Result<Fd> ControlLookup::find(const std::vector<TcpEnd>& ends) {
  Result<SocketOwners> owners = SocketOwners::open();
  Result<Fd> found = fail<"endpoint-remote">(at<"url">(""));
  for (const TcpEnd& end : ends) {
    if (!is_local(end)) continue;
    local_ = true;
    const uid_t own = ::geteuid();
    const uid_t listener = (owners ? owners->of_listener(end) : std::nullopt).value_or(own);
    if (listener != own) other_ = listener;
    if (found = find_at(end, own == 0 ? listener : own); found) return found;
  }
  return found;
}

std::string ControlLookup::places() const {
  std::string text;
  for (const std::string& place : places_) text += (text.empty() ? "" : ", ") + place;
  return text;
}

}  // namespace lemu::emulator::cli
