// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/environment_folder.hpp"

#include <doctest/doctest.h>
#include <sys/inotify.h>

#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"

using namespace lemu;
using emulator::EnvironmentFolder;

namespace {

std::set<std::string> folders_in(const std::string& base) {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(base))
    if (entry.is_directory()) found.insert(entry.path().string());
  return found;
}

}  // namespace

TEST_CASE("making a folder sweeps what a killed lemu left, and nothing else") {
  Result<TemporaryFolder> parent = TemporaryFolder::make("lemu-test-");
  REQUIRE(parent);
  const std::string base = parent->path() + "/base";
  std::optional<EnvironmentFolder> kept;
  {
    Result<EnvironmentFolder> made = EnvironmentFolder::make(base);
    REQUIRE(made);
    REQUIRE(made->tmp());
    kept.emplace(std::move(*made));
  }
  const std::string kept_path = kept->path();
  kept->keep();
  kept.reset();
  Result<EnvironmentFolder> in_use = EnvironmentFolder::make(base);
  REQUIRE(in_use);
  REQUIRE(in_use->code());
  // As kills leave them: whole with a free lock; with its removal begun; just made.
  for (const char* part : {"/env-whole/root", "/env-removing/tmp", "/env-new"})
    std::filesystem::create_directories(base + part);
  REQUIRE(write_file(base + "/env-whole/lock", ""));

  Result<EnvironmentFolder> next = EnvironmentFolder::make(base);
  REQUIRE(next);
  CHECK(next->path().empty());
  CHECK(folders_in(base) == std::set<std::string>{kept_path, in_use->path(), next->mount_point()});
  REQUIRE(next->tmp());
  CHECK(folders_in(base) ==
        std::set<std::string>{kept_path, in_use->path(), next->path(), next->mount_point()});
}

TEST_CASE("a folder's lock goes last: without it another lemu would take the rest for abandoned") {
  Result<TemporaryFolder> parent = TemporaryFolder::make("lemu-test-");
  REQUIRE(parent);
  std::optional<EnvironmentFolder> folder;
  {
    Result<EnvironmentFolder> made = EnvironmentFolder::make(parent->path() + "/base");
    REQUIRE(made);
    folder.emplace(std::move(*made));
  }
  REQUIRE(folder->tmp());
  const Result<std::string> code = folder->code();
  REQUIRE(code);
  REQUIRE(write_file(*code + "/bootstrap", ""));
  const Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  REQUIRE(::inotify_add_watch(watch.get(), folder->path().c_str(), IN_DELETE | IN_MOVED_FROM) >= 0);
  folder.reset();

  alignas(inotify_event) char events[4096];
  const ssize_t size = ::read(watch.get(), events, sizeof events);
  REQUIRE(size > 0);
  std::vector<std::string> gone;
  for (const char* at = events; at < events + size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(at);
    if (event->len > 0) gone.emplace_back(event->name);
    at += sizeof *event + event->len;
  }
  CHECK(gone == std::vector<std::string>{"code", "tmp", "lock"});
}
