// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/environment_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"

namespace lemu::emulator {
namespace {

constexpr char kPrefix[] = "env-";
constexpr char kKeptMark[] = "/kept";  ///< in a folder that stays for good

Error cannot(const std::string& what, int code) {
  return {ErrorKind::host_lacks, what + ": " + std::string(::strerror(code)),
          "set TMPDIR to a folder of yours that can be written", code};
}

/// The base must be a folder of this user's alone: others could otherwise put links in it.
Status make_base(const std::string& base) {
  if (::mkdir(base.c_str(), 0700) < 0 && errno != EEXIST) return fail(cannot("cannot make " + base, errno));
  struct stat about {};
  if (::lstat(base.c_str(), &about) < 0) return fail(cannot("cannot look at " + base, errno));
  if (!S_ISDIR(about.st_mode) || about.st_uid != ::geteuid() || (about.st_mode & 0022) != 0)
    return fail(ErrorKind::host_lacks, base + " is not a folder of yours alone",
                "remove it, or set TMPDIR to a folder of yours");
  return {};
}

Result<Fd> open_lock(const std::string& path) {
  Result<Fd> lock = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!lock) return fail(cannot("cannot make the lock " + path, lock.error().os_error));
  return lock;
}

struct Abandoned {
  std::string path;
  Fd lock;  ///< held: no other lemu sweeps it too
};

/// A folder without a lock is one whose removal, or making, was cut short. Called under the base's lock.
std::vector<Abandoned> find_abandoned(const std::string& base) {
  std::vector<Abandoned> found;
  std::error_code code;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(base, code)) {
    const std::string path = entry.path().string();
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    if (::access((path + kKeptMark).c_str(), F_OK) == 0) continue;
    Result<Fd> lock = open_lock(path + "/lock");
    if (lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) == 0) found.push_back({path, std::move(*lock)});
  }
  return found;
}

}  // namespace

Result<EnvironmentFolder> EnvironmentFolder::make(const std::string& base) {
  Status made = make_base(base);
  if (!made) return fail(std::move(made.error()));
  std::string path = base + "/" + kPrefix + "XXXXXX";
  Fd lock;
  std::vector<Abandoned> abandoned;
  {
    // Between a folder's making and its locking nobody may sweep: both happen under the base's own lock.
    Result<Fd> base_lock = open_lock(base + "/.lock");
    if (!base_lock) return fail(std::move(base_lock.error()));
    while (::flock(base_lock->get(), LOCK_EX) < 0 && errno == EINTR) {
    }
    abandoned = find_abandoned(base);
    if (::mkdtemp(path.data()) == nullptr) return fail(cannot("cannot make a folder in " + base, errno));
    Result<Fd> own = open_lock(path + "/lock");
    if (!own) return fail(std::move(own.error()));
    if (::flock(own->get(), LOCK_EX | LOCK_NB) < 0) return fail(cannot("cannot lock " + path, errno));
    lock = std::move(*own);
  }
  for (const Abandoned& left : abandoned) {
    // What cannot be removed now is tried again next time; it is no reason not to run.
    const Status swept = remove_tree(left.path);
    static_cast<void>(swept);
  }
  EnvironmentFolder folder(path, std::move(lock));
  for (const std::string& part : {folder.root(), folder.code(), folder.tmp()})
    if (::mkdir(part.c_str(), 0755) < 0) return fail(cannot("cannot make " + part, errno));
  ::chmod(folder.tmp().c_str(), 01777);
  return folder;
}

EnvironmentFolder::EnvironmentFolder(std::string path, Fd lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

EnvironmentFolder::EnvironmentFolder(EnvironmentFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

EnvironmentFolder::~EnvironmentFolder() {
  if (path_.empty()) return;
  const Status removed = remove_tree(path_);
  static_cast<void>(removed);  // the next sweep tries again
}

void EnvironmentFolder::keep() {
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
