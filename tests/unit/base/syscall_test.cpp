// SPDX-License-Identifier: Apache-2.0
#include "base/syscall.hpp"
#include "base/named_files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <thread>

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

TEST_CASE("a descriptor that somebody made non-blocking is waited for") {
  lemu::Result<lemu::Pipe> pipe = lemu::make_pipe();
  REQUIRE(pipe);
  for (const int fd : {pipe->read_end.get(), pipe->write_end.get()})
    REQUIRE(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
  const std::string sent(300'000, 'x');  // more than a pipe holds
  std::string got(sent.size(), '\0');
  lemu::Result<std::size_t> count = std::size_t{0};
  std::thread reader(
      [&] { count = lemu::read_up_to(pipe->read_end.get(), std::as_writable_bytes(std::span<char>(got))); });
  const lemu::Status written = lemu::write_all(pipe->write_end.get(), sent);
  reader.join();
  CHECK(written);
  REQUIRE(count);
  CHECK(*count == sent.size());
  CHECK(got == sent);
}
