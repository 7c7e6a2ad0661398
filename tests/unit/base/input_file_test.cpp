// SPDX-License-Identifier: Apache-2.0
#include "base/input_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "base/syscall.hpp"

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

TEST_CASE("only a regular file is opened, and nothing is waited for") {
  const TemporaryFolder folder;
  const std::string file = folder.path + "/file";
  REQUIRE(lemu::write_file(file, "text"));
  REQUIRE(::symlink("file", (folder.path + "/link").c_str()) == 0);
  REQUIRE(::mkfifo((folder.path + "/pipe").c_str(), 0600) == 0);
  CHECK(lemu::open_regular(file));
  CHECK(lemu::open_regular(folder.path + "/link"));
  CHECK(lemu::read_file("/proc/self/stat", 4096));
  struct Row {
    std::string path;
    std::string message;
  };
  const Row rows[] = {
      {folder.path + "/pipe", " is a named pipe, not a regular file"},
      {folder.path, " is a folder, not a regular file"},
      {"/dev/null", " is a device, not a regular file"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const lemu::Result<lemu::Fd> opened = lemu::open_regular(row.path);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message == row.path + row.message);
    CHECK_FALSE(lemu::read_file(row.path, 4096));
  }
  CHECK(lemu::open_regular(folder.path + "/none").error().os_error == ENOENT);
}

TEST_CASE("what the user names may be a pipe with somebody behind it") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::string sent(300'000, 'x');  // more than a pipe holds
  std::thread writer([&] { CHECK(lemu::write_file(path, sent)); });
  const lemu::Result<std::string> got = lemu::read_input(path, sent.size());
  writer.join();
  REQUIRE(got);
  CHECK(*got == sent);
  CHECK(lemu::read_input("/dev/null", 10).value().empty());
}

TEST_CASE("a named pipe that nobody writes is an error") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const lemu::Result<lemu::Fd> opened = lemu::open_input(path);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message == "nobody writes to the named pipe " + path);
}

TEST_CASE("a writer that has said nothing yet is waited for, and nothing is lost") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int silent = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(silent >= 0);
  const lemu::Result<lemu::Fd> opened = lemu::open_input(path);  // waits for its whole patience
  REQUIRE(opened);
  REQUIRE(lemu::write_all(silent, "late"));
  ::close(silent);
  std::string got(10, '\0');
  CHECK(lemu::read_up_to(opened->get(), std::as_writable_bytes(std::span<char>(got))).value() == 4);
}
