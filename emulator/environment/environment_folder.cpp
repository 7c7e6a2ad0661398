// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/environment_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"
#include "emulator/environment/errors.hpp"

namespace lemu::emulator {
namespace {

constexpr char kPrefix[] = "env-";
constexpr char kKeptMark[] = "/kept";  ///< in a folder that stays for good

tl::unexpected<Error> cannot(const std::string& attempt, int code) {
  return fail_errno<"environment-folder">(code, at<"attempt">(attempt));
}

/// The base must be a folder of this user's alone: others could otherwise put links in it.
Status make_base(const std::string& base) {
  if (::mkdir(base.c_str(), 0700) < 0 && errno != EEXIST) return cannot("make " + base, errno);
  struct stat about {};
  if (::lstat(base.c_str(), &about) < 0) return cannot("look at " + base, errno);
  if (!S_ISDIR(about.st_mode) || about.st_uid != ::geteuid() || (about.st_mode & 0022) != 0)
    return fail<"environment-folder-not-yours">(at<"path">(base));
  return {};
}

Status make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) < 0 && errno != EEXIST) return cannot("make " + path, errno);
  return {};
}

Result<Fd> open_lock(const std::string& path) {
  Result<Fd> lock = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!lock) return cannot("make the lock " + path, lock.error().os_error);
  return lock;
}

Result<Fd> lock_base(const std::string& base) {
  Result<Fd> lock = open_lock(base + "/.lock");
  LEMU_TRY(lock);
  while (::flock(lock->get(), LOCK_EX) < 0 && errno == EINTR) {
  }
  return lock;
}

std::vector<std::string> environments_in(const std::string& base) {
  std::vector<std::string> found;
  std::error_code code;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(base, code))
    if (entry.path().filename().string().starts_with(kPrefix)) found.push_back(entry.path().string());
  return found;
}

struct Abandoned {
  std::string path;
  Fd lock;  ///< held: no other lemu sweeps it too
};

/// A folder without a lock is one whose removal, or making, was cut short. Called under the base's lock.
std::vector<Abandoned> find_abandoned(const std::string& base) {
  std::vector<Abandoned> found;
  for (const std::string& path : environments_in(base)) {
    if (::access((path + kKeptMark).c_str(), F_OK) == 0) continue;
    Result<Fd> lock = open_lock(path + "/lock");
    if (lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) == 0) found.push_back({path, std::move(*lock)});
  }
  return found;
}

/// The lock goes last: without it the folder would be taken for abandoned, and removed by two at once.
Status remove_environment(const std::string& path) {
  for (const char* part : {"/code", "/tmp"}) LEMU_TRY(remove_tree(path + part));
  return remove_tree(path);
}

Status sweep(const std::string& base) {
  if (environments_in(base).empty()) return {};
  std::vector<Abandoned> abandoned;
  {
    Result<Fd> lock = lock_base(base);
    LEMU_TRY(lock);
    abandoned = find_abandoned(base);
  }
  for (const Abandoned& left : abandoned) {
    // What cannot be removed now is tried again next time; it is no reason not to run.
    const Status swept = remove_environment(left.path);
    static_cast<void>(swept);
  }
  return {};
}

}  // namespace

Result<EnvironmentFolder> EnvironmentFolder::make(const std::string& base) {
  LEMU_TRY(make_base(base));
  LEMU_TRY(sweep(base));
  EnvironmentFolder folder(base);
  LEMU_TRY(folder.make_mount_point());
  return folder;
}

Status EnvironmentFolder::make_mount_point() const {
  LEMU_TRY(make_base(base_));
  return make_folder(mount_point(), 0755);
}

EnvironmentFolder EnvironmentFolder::beside(const EnvironmentFolder& other) {
  return EnvironmentFolder(other.base_);
}

/// Between a folder's making and its locking nobody may sweep: both happen under the base's own lock.
Status EnvironmentFolder::make_own() {
  if (!path_.empty()) return {};
  LEMU_TRY(make_base(base_));
  Result<Fd> base_lock = lock_base(base_);
  LEMU_TRY(base_lock);
  std::string path = base_ + "/" + kPrefix + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return cannot("make a folder in " + base_, errno);
  path_ = path;
  Result<Fd> own = open_lock(path_ + "/lock");
  LEMU_TRY(own);
  if (::flock(own->get(), LOCK_EX | LOCK_NB) < 0) return cannot("lock " + path_, errno);
  lock_ = std::move(*own);
  return {};
}

Result<std::string> EnvironmentFolder::make_part(const char* name, mode_t mode) {
  LEMU_TRY(make_own());
  std::string part = path_ + "/" + name;
  LEMU_TRY(make_folder(part, 0755));
  if (::chmod(part.c_str(), mode) < 0) return cannot("set the mode of " + part, errno);
  return part;
}

Result<std::string> EnvironmentFolder::code() { return make_part("code", 0755); }
Result<std::string> EnvironmentFolder::prefix() { return make_part("prefix", 0755); }
Result<std::string> EnvironmentFolder::tmp() { return make_part("tmp", 01777); }

EnvironmentFolder::EnvironmentFolder(EnvironmentFolder&& other) noexcept
    : base_(std::move(other.base_)), path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

EnvironmentFolder::~EnvironmentFolder() {
  if (path_.empty()) return;
  const Status removed = remove_environment(path_);
  static_cast<void>(removed);  // the next sweep tries again
}

void EnvironmentFolder::keep() {
  if (path_.empty()) return;
  const Status marked = write_file(path_ + kKeptMark, "");
  if (marked) ::unlink((path_ + "/lock").c_str());
  path_.clear();
}

std::string default_environment_base(const char* (*lookup)(const char*)) {
  const char* tmp = lookup("TMPDIR");
  const std::string parent = tmp != nullptr && *tmp == '/' ? tmp : "/tmp";
  return parent + "/lemu-" + std::to_string(::geteuid());
}

}  // namespace lemu::emulator
