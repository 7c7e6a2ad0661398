// SPDX-License-Identifier: Apache-2.0
// Workspace: a temporary folder for one test, with the few things tests do in it.
#pragma once

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"

namespace lemu::images::testing {

class Workspace {
 public:
  Workspace() : Workspace("") {}
  explicit Workspace(const std::string& parent)
      : folder_(TemporaryFolder::make("lemu-test-", parent).value()) {}

  [[nodiscard]] std::string at(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string file(const std::string& name, std::string_view content, mode_t mode = 0644) const {
    const std::string path = at(name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    REQUIRE(write_file(path, content));
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  std::string folder(const std::string& name) const {
    std::filesystem::create_directories(at(name));
    return at(name);
  }

 private:
  TemporaryFolder folder_;
};

inline mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace lemu::images::testing
