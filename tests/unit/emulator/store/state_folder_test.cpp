// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/state_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"
#include "emulator/async/journal.hpp"

namespace lemu::emulator {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a state folder that is made is for its owner alone, whatever the umask") {
  const mode_t before = ::umask(0);
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-state").value();
  for (const char* name : {"/a", "/b/c/", "/d//"}) {
    CAPTURE(name);
    REQUIRE(StateFolder::open(folder.path() + name));
    CHECK(mode_of(folder.path() + name) == 0700);
  }
  ::umask(before);
}

TEST_CASE("a state folder that is there keeps its mode, and what is put in it is for its owner alone") {
  const mode_t before = ::umask(0);
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-state").value();
  struct Row {
    mode_t mode;
    bool taken;
  };
  for (const Row& row : {Row{0755, true}, Row{0700, true}, Row{0750, true}, Row{0775, false},
                         Row{0702, false}, Row{01777, false}}) {
    CAPTURE(row.mode);
    const std::string path = folder.path() + "/" + std::to_string(row.mode);
    REQUIRE(::mkdir(path.c_str(), row.mode) == 0);
    REQUIRE(::chmod(path.c_str(), row.mode) == 0);
    const Result<StateFolder> state = StateFolder::open(path);
    CHECK(state.has_value() == row.taken);
    CHECK(mode_of(path) == row.mode);
    if (!state) continue;
    std::string aside;
    REQUIRE(Journal::open(state->journal(), aside));
    CHECK(mode_of(state->journal()) == 0600);
    CHECK(mode_of(path + "/lock") == 0600);
  }
  ::umask(before);
}

TEST_CASE("what is no folder is no state folder") {
  const TemporaryFolder folder = TemporaryFolder::make("lemu-test-state").value();
  REQUIRE(StateFolder::open(folder.path() + "/a"));
  CHECK_FALSE(StateFolder::open(folder.path() + "/a/lock"));
  CHECK_FALSE(StateFolder::open(folder.path() + "/a/lock/b"));
}

}  // namespace lemu::emulator
