// SPDX-License-Identifier: Apache-2.0
#include "base/syscall.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace {
struct TemporaryFolder {
  std::string path;
  TemporaryFolder() {
    char pattern[] = "/tmp/lemu-test-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};
}  // namespace

TEST_CASE("a file is read whole, and no further than its limit") {
  TemporaryFolder folder;
  const std::string path = folder.path + "/file";
  const std::string content(200'000, 'x');
  REQUIRE(lemu::write_file_atomically(path, content));
  lemu::Result<std::string> back = lemu::read_file(path, content.size());
  REQUIRE(back);
  CHECK(*back == content);
  lemu::Result<std::string> refused = lemu::read_file(path, content.size() - 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find(path) != std::string::npos);
}

TEST_CASE("a failed open names the path and the reason") {
  lemu::Result<lemu::Fd> fd = lemu::open_file("/nonexistent/x", O_RDONLY);
  REQUIRE_FALSE(fd);
  CHECK(fd.error().message == "cannot open /nonexistent/x: No such file or directory");
  CHECK(fd.error().os_error == ENOENT);
}

TEST_CASE("descriptors are close-on-exec") {
  lemu::Result<lemu::Pipe> pipe = lemu::make_pipe();
  REQUIRE(pipe);
  CHECK((::fcntl(pipe->read_end.get(), F_GETFD) & FD_CLOEXEC) != 0);
  lemu::Result<lemu::SocketPair> pair = lemu::make_socket_pair();
  REQUIRE(pair);
  CHECK((::fcntl(pair->theirs.get(), F_GETFD) & FD_CLOEXEC) != 0);
}
