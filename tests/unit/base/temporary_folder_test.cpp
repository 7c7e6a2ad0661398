// SPDX-License-Identifier: Apache-2.0
#include "base/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "base/syscall.hpp"

namespace fs = std::filesystem;
using lemu::TemporaryFolder;

TEST_CASE("a temporary folder is private, and gone with its owner") {
  std::string path;
  {
    auto folder = TemporaryFolder::make("lemu-test-");
    REQUIRE(folder);
    path = folder->path();
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);
    REQUIRE(lemu::write_file(path + "/file", "x"));
    const TemporaryFolder moved = std::move(*folder);
    CHECK(moved.path() == path);
    CHECK(fs::exists(path));
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a kept folder stays, and assigning over a folder removes the old one") {
  auto outer = TemporaryFolder::make("lemu-test-");
  REQUIRE(outer);
  auto first = TemporaryFolder::make("a-", outer->path());
  auto second = TemporaryFolder::make("b-", outer->path());
  REQUIRE(first);
  REQUIRE(second);
  const std::string first_path = first->path();
  *first = std::move(*second);
  CHECK_FALSE(fs::exists(first_path));
  const std::string kept = first->keep();
  REQUIRE(first->remove());
  CHECK(fs::exists(kept));
}

TEST_CASE("a parent that is missing is named") {
  const auto folder = TemporaryFolder::make("x-", "/nonexistent");
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message.find("/nonexistent/x-") != std::string::npos);
}

TEST_CASE("removing a tree follows no link, and goes through unwritable and very deep folders") {
  auto outer = TemporaryFolder::make("lemu-test-");
  REQUIRE(outer);
  const std::string tree = outer->path() + "/tree", beside = outer->path() + "/beside";
  fs::create_directory(beside);
  REQUIRE(lemu::write_file(beside + "/precious", "x"));
  fs::create_directories(tree + "/a/locked/inner");
  REQUIRE(lemu::write_file(tree + "/a/locked/inner/file", "x"));
  fs::create_directory_symlink(beside, tree + "/link");
  fs::permissions(tree + "/a/locked/inner", fs::perms::none);
  fs::permissions(tree + "/a/locked", fs::perms::owner_read);

  lemu::Fd at(::open(tree.c_str(), O_RDONLY | O_DIRECTORY));
  // Deeper than paths are long (4,096 bytes) and than a process usually has descriptors (1,024).
  constexpr int kDepth = 1100;
  for (int i = 0; i < kDepth; ++i) {
    REQUIRE(::mkdirat(at.get(), "folder", 0755) == 0);
    at = lemu::Fd(::openat(at.get(), "folder", O_RDONLY | O_DIRECTORY));
  }
  const lemu::Status removed = lemu::remove_tree(tree);
  const std::string reason = removed ? "" : removed.error().message;
  CAPTURE(reason);
  CHECK(removed.has_value());
  CHECK_FALSE(fs::exists(tree));
  CHECK(fs::exists(beside + "/precious"));
  CHECK(lemu::remove_tree(tree).has_value());
}

TEST_CASE("a removal that was cut short is no obstacle to the next, nor is a file of such a name") {
  auto outer = TemporaryFolder::make("lemu-test-");
  REQUIRE(outer);
  const std::string tree = outer->path() + "/tree";
  for (const char* folder : {"/.lemu-removing-0/inner", "/.lemu-removing-2/inner", "/a/b/c", "/d/e"})
    fs::create_directories(tree + folder);
  REQUIRE(lemu::write_file(tree + "/.lemu-removing-1", "x"));
  const lemu::Status removed = lemu::remove_tree(tree);
  const std::string reason = removed ? "" : removed.error().message;
  CAPTURE(reason);
  CHECK(removed.has_value());
  CHECK_FALSE(fs::exists(tree));
}
