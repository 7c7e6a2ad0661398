// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/state_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/syscall.hpp"
#include "emulator/errors.hpp"

namespace lemu::emulator {
namespace {

std::string holder_of(const std::string& lock) {
  const Result<std::string> pid = read_file(lock, 32);
  return pid && !pid->empty() ? " (process " + pid->substr(0, pid->find('\n')) + ")" : "";
}

}  // namespace

Result<StateFolder> StateFolder::open(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) return fail<"state-folder-not-made">(path, code.message());
  ::chmod(path.c_str(), 0700);
  const std::string lock_path = path + "/lock";
  Result<Fd> lock = open_file(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!lock) return fail<"state-folder-not-made">(path, lock.error().message);
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) < 0)
    return fail<"state-folder-taken">(holder_of(lock_path), path);
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock->get(), 0) < 0 || ::pwrite(lock->get(), pid.data(), pid.size(), 0) < 0)
    return fail_errno<"state-lock-not-written">(errno, lock_path);
  return StateFolder(path, std::move(*lock));
}

std::string default_state_folder(const char* (*lookup)(const char*), unsigned port) {
  const char* state = lookup("XDG_STATE_HOME");
  const char* home = lookup("HOME");
  const std::string name = "/lemu/" + std::to_string(port);
  if (state != nullptr && *state == '/') return state + name;
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/state" + name;
  return {};
}

}  // namespace lemu::emulator
