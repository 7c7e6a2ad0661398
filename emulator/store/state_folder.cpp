// SPDX-License-Identifier: Apache-2.0
#include "emulator/store/state_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/named_files.hpp"
#include "base/syscall.hpp"
#include "emulator/store/errors.hpp"

namespace lemu::emulator {
namespace {

std::string holder_of(const std::string& lock) {
  const Result<std::string> pid = read_file(lock, 32);
  return pid && !pid->empty() ? " (process " + pid->substr(0, pid->find('\n')) + ")" : "";
}

/// Whoever can write a folder can put files of their own in the places of ours.
Status check_folder(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0) return {};  // it is to be made
  if (!S_ISDIR(status.st_mode))
    return fail<"state-folder-not-made">(at<"path">(path), at<"reason">(std::strerror(ENOTDIR)));
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return fail<"state-folder-of-others">(at<"path">(path));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return fail<"state-folder-open">(at<"path">(path));
  return {};
}

}  // namespace

Result<StateFolder> StateFolder::open(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();  // its parent is another
  LEMU_TRY(check_folder(path));
  if (Status made = make_private_folders(path); !made) {
    if (made.error().os_error == 0) return fail(std::move(made.error()).within("the state folder"));
    return fail<"state-folder-not-made">(at<"path">(path),
                                         at<"reason">(std::strerror(made.error().os_error)));
  }
  const std::string lock_path = path + "/lock";
  Result<Fd> lock = open_private_file(lock_path, O_RDWR);
  if (!lock) return fail<"state-folder-not-made">(at<"path">(path), at<"reason">(lock.error().message));
  if (::flock(lock->get(), LOCK_EX | LOCK_NB) < 0)
    return fail<"state-folder-taken">(at<"holder">(holder_of(lock_path)), at<"path">(path));
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock->get(), 0) < 0 || ::pwrite(lock->get(), pid.data(), pid.size(), 0) < 0)
    return fail_errno<"state-lock-not-written">(errno, at<"path">(lock_path));
  return StateFolder(std::move(path), std::move(*lock));
}

std::string StateFolder::holder(const std::string& path) {
  const std::string lock_path = path + "/lock";
  const Result<Fd> lock = open_file(lock_path, O_RDONLY | O_NOFOLLOW);
  return lock && ::flock(lock->get(), LOCK_SH | LOCK_NB) < 0 ? holder_of(lock_path) : "";
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
