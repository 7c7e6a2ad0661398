// SPDX-License-Identifier: Apache-2.0
// ControlSocket: the UNIX socket by which a running daemon is looked after, in a folder that is its user's
// alone. Its name is the address that the daemon listens on, so that it is found by that. Owned by the
// daemon; removed with its owner. What a killed daemon left is swept by the next. Move-only; blocking.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::emulator {

class ControlSocket {
 public:
  /// Listens below `base`, which is there. `address` is the daemon's: "127.0.0.1:9000", "[::1]:9000".
  static Result<ControlSocket> make(const std::string& base, const std::string& address);

  ControlSocket(ControlSocket&&) noexcept = default;
  ControlSocket& operator=(ControlSocket&&) noexcept = default;
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket() { remove(); }

  /// For a server to own; once.
  [[nodiscard]] Fd take_listener() { return std::move(listener_); }
  /// Nobody finds it any more.
  void remove();

 private:
  static Result<ControlSocket> make_once(const std::string& base, const std::string& address);
  ControlSocket(std::string path, Fd folder, std::string name)
      : path_(std::move(path)), folder_(std::move(folder)), name_(std::move(name)) {}
  std::string path_;  // of the folder
  Fd folder_;
  std::string name_;
  ino_t inode_ = 0;
  Fd listener_;
};

/// Where the sockets lie: a folder below `base`.
[[nodiscard]] std::string control_folder(const std::string& base);
/// A connection to that daemon of the user `owner`. Fails with the error of the system call: ENOENT,
/// ECONNREFUSED.
[[nodiscard]] Result<Fd> connect_to_control(const std::string& base, const std::string& address, uid_t owner);

}  // namespace lemu::emulator
