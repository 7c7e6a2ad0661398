// SPDX-License-Identifier: Apache-2.0
// ControlLookup: finds the control socket of the daemon that listens at an address. The daemon's own folder
// for temporary files may be another than that of the command, so /tmp is looked into too. Blocking; for one
// command.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/tcp_end.hpp"

namespace lemu::emulator::cli {

class ControlLookup {
 public:
  /// A connection, or the error of the last place that was tried.
  [[nodiscard]] Result<Fd> find(const std::vector<TcpEnd>& ends);

  // What is known after find() failed.
  [[nodiscard]] bool is_of_this_machine() const { return local_; }
  /// Another user that listens there, where the kernel tells.
  [[nodiscard]] std::optional<uid_t> other_user() const { return other_; }
  /// Where it was looked for: "/tmp/lemu-1000/control, …".
  [[nodiscard]] std::string places() const;

 private:
  [[nodiscard]] Result<Fd> find_at(const TcpEnd& end, uid_t owner);

  bool local_ = false;
  std::optional<uid_t> other_;
  std::vector<std::string> places_;
};

}  // namespace lemu::emulator::cli
