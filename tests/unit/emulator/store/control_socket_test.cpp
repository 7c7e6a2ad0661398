// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/control_socket.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "base/temporary_folder.hpp"

namespace fs = std::filesystem;

namespace lemu::emulator {
namespace {

struct Base {
  TemporaryFolder folder = *TemporaryFolder::make("lemu-test-");
  [[nodiscard]] const std::string& path() const { return folder.path(); }
  [[nodiscard]] std::string control() const { return control_folder(path()); }
};

int why_not_connected(const Base& base, const std::string& name) {
  const Result<Fd> connected = connect_to_control(base.path(), name, ::geteuid());
  return connected ? 0 : connected.error().os_error;
}

}  // namespace

TEST_CASE("it is there as long as its owner, and leaves no folder") {
  const Base base;
  {
    Result<ControlSocket> made = ControlSocket::make(base.path(), "[::1]:65535");
    REQUIRE(made);
    const Fd listener = made->take_listener();
    CHECK(why_not_connected(base, "[::1]:65535") == 0);
    CHECK(why_not_connected(base, "127.0.0.1:65535") == ENOENT);
    struct stat about {};
    REQUIRE(::stat(base.control().c_str(), &about) == 0);
    CHECK((about.st_mode & 07777) == 0700);
  }
  CHECK_FALSE(fs::exists(base.control()));
}

TEST_CASE("several lie beside each other, and the last takes the folder along") {
  const Base base;
  Result<ControlSocket> one = ControlSocket::make(base.path(), "127.0.0.1:1");
  std::optional<ControlSocket> two = *ControlSocket::make(base.path(), "127.0.0.1:2");
  CHECK_FALSE(ControlSocket::make(base.path(), "127.0.0.1:1"));  // it is alive
  two.reset();
  CHECK(why_not_connected(base, "127.0.0.1:1") == 0);
  one->remove();
  CHECK_FALSE(fs::exists(base.control()));
  one->remove();  // a second time it is nothing
}

TEST_CASE("what a killed daemon left is swept, and what is none is let alone") {
  const Base base;
  fs::create_directory(base.control());
  std::ofstream(base.control() + "/file") << "kept";
  {
    Result<ControlSocket> killed = ControlSocket::make(base.path(), "127.0.0.1:1");
    REQUIRE(killed);
    fs::rename(base.control() + "/127.0.0.1:1",
               base.control() + "/127.0.0.1:3");  // as if it had not removed it
  }
  CHECK(why_not_connected(base, "127.0.0.1:3") == ECONNREFUSED);
  Result<ControlSocket> next = ControlSocket::make(base.path(), "127.0.0.1:3");
  REQUIRE(next);
  CHECK(why_not_connected(base, "127.0.0.1:3") == 0);
  next->remove();
  CHECK(fs::exists(base.control() + "/file"));
}

TEST_CASE("a name that another daemon has taken meanwhile is not removed") {
  const Base base;
  std::optional<ControlSocket> first = *ControlSocket::make(base.path(), "127.0.0.1:1");
  fs::remove(base.control() + "/127.0.0.1:1");
  Result<ControlSocket> second = ControlSocket::make(base.path(), "127.0.0.1:1");
  REQUIRE(second);
  first.reset();
  CHECK(why_not_connected(base, "127.0.0.1:1") == 0);
}

TEST_CASE("the folder is nobody else's and no link") {
  const Base base, elsewhere;
  fs::create_directory_symlink(elsewhere.path(), base.control());
  CHECK_FALSE(ControlSocket::make(base.path(), "127.0.0.1:1"));
  CHECK(fs::is_empty(elsewhere.path()));
  fs::remove(base.control());
  fs::create_directory(base.control());
  CHECK(connect_to_control(base.path(), "127.0.0.1:1", ::geteuid() + 1).error().slug ==
        "control-folder-not-yours");
  if (::geteuid() != 0) return;
  REQUIRE(::chown(base.control().c_str(), 54'321, 54'321) == 0);
  CHECK(ControlSocket::make(base.path(), "127.0.0.1:1").error().slug == "control-folder-not-yours");
  REQUIRE(::chown(base.control().c_str(), 0, 0) == 0);
  fs::permissions(base.control(), fs::perms::all);
  REQUIRE(ControlSocket::make(base.path(), "127.0.0.1:1"));  // made private, and gone again
}

TEST_CASE("a base of any length will do") {
  const Base base;
  const std::string deep = base.path() + "/" + std::string(200, 'x');
  fs::create_directory(deep);
  Result<ControlSocket> made = ControlSocket::make(deep, "127.0.0.1:1");
  REQUIRE(made);
  CHECK(connect_to_control(deep, "127.0.0.1:1", ::geteuid()));
}

TEST_CASE("daemons that begin and end at once do not take each other's folder away") {
  const Base base;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int port = 1; port <= 4; ++port)
    threads.emplace_back([&base, &failed, port] {
      const std::string name = "127.0.0.1:" + std::to_string(port);
      for (int i = 0; i < 100; ++i) {
        const Result<ControlSocket> made = ControlSocket::make(base.path(), name);
        if (!made || !connect_to_control(base.path(), name, ::geteuid())) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK_FALSE(fs::exists(base.control()));
}

}  // namespace lemu::emulator
