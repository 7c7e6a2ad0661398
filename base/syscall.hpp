// SPDX-License-Identifier: Apache-2.0
// The one thin layer over system calls: EINTR is retried, errno is taken at once, every descriptor is made
// close-on-exec. Blocking; any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu {

struct Pipe {
  Fd read_end;
  Fd write_end;
};
struct SocketPair {
  Fd ours;
  Fd theirs;
};

/// open(2) with O_CLOEXEC added.
Result<Fd> open_file(const std::string& path, int flags, mode_t mode = 0);
Result<Pipe> make_pipe();
/// A connected pair of AF_UNIX stream sockets.
Result<SocketPair> make_socket_pair();

/// Reads until `into` is full or the file ends. Returns how many bytes were read.
Result<std::size_t> read_up_to(int fd, std::span<std::byte> into);
/// Writes everything.
Status write_all(int fd, std::string_view bytes);

/// The whole content of a file, of at most `limit` bytes (more is an error that says so).
Result<std::string> read_file(const std::string& path, std::size_t limit);
/// Creates or truncates a file.
Status write_file(const std::string& path, std::string_view content, mode_t mode = 0644);

}  // namespace lemu
