// SPDX-License-Identifier: Apache-2.0
#include "base/named_files.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/errors.hpp"
#include "base/syscall.hpp"

namespace lemu {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;

/// In a user namespace, owners that it does not map look like one user; see user_namespaces(7).
bool is_unmapped(uid_t owner) {
  uid_t overflow = 0;
  std::ifstream number("/proc/sys/kernel/overflowuid");
  if (!(number >> overflow) || owner != overflow) return false;
  std::ifstream map("/proc/self/uid_map");
  for (std::uint64_t inside = 0, outside = 0, count = 0; map >> inside >> outside >> count;)
    if (owner >= inside && owner - inside < count) return false;
  return true;
}

bool is_trusted(uid_t owner) { return owner == ::geteuid() || owner == 0 || is_unmapped(owner); }

/// Distributions that give each user a group of that number have a umask that lets it write.
bool is_own_group(gid_t group) { return group == ::getegid() && group == ::geteuid() && group != 0; }

bool is_open_to_others(const struct stat& about) {
  if ((about.st_mode & S_ISVTX) != 0) return false;
  return (about.st_mode & S_IWOTH) != 0 || ((about.st_mode & S_IWGRP) != 0 && !is_own_group(about.st_gid));
}

std::string octal(mode_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
  return text.data();
}

/// Of one folder on the way, or a link there.
Status check_step(const std::string& step, const std::string& path) {
  struct stat about {};
  if (::lstat(step.c_str(), &about) < 0) return fail_errno<"cannot-open">(errno, at<"path">(path));
  if (!is_trusted(about.st_uid))
    return fail<"place-of-others">(at<"path">(path), at<"folder">(step), at<"uid">(about.st_uid));
  if (S_ISDIR(about.st_mode) && is_open_to_others(about))
    return fail<"place-open-to-others">(at<"path">(path), at<"folder">(step),
                                        at<"mode">(octal(about.st_mode)));
  return {};
}

/// From the root to `folder`, each step as it is written.
Status check_steps(const fs::path& folder, const std::string& path) {
  fs::path step;
  for (const fs::path& part : folder) {
    step /= part;
    LEMU_TRY(check_step(step.string(), path));
  }
  return {};
}

/// The folder that a path is in, absolute.
Result<fs::path> folder_of(const std::string& path) {
  std::error_code code;
  const fs::path whole = fs::absolute(path, code);
  if (code) return fail_errno<"cannot-open">(code.value(), at<"path">(path));
  return whole.parent_path();
}

/// A name beside `path` that nobody can have guessed.
Result<std::string> name_beside(const std::string& path) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number))
    return fail_errno<"system-call-failed">(errno, at<"attempt">("get random bytes"));
  std::array<char, 32> suffix{};
  std::snprintf(suffix.data(), suffix.size(), ".%016llx.tmp", static_cast<unsigned long long>(number));
  return path + suffix.data();
}

/// The umask may have taken what the owner needs; it never gives.
Result<Fd> given_to_owner(Result<Fd> file, mode_t mode) {
  struct stat about {};
  if (file && ::fstat(file->get(), &about) == 0 && about.st_uid == ::geteuid() && S_ISREG(about.st_mode) &&
      (about.st_mode & mode) != mode)
    ::fchmod(file->get(), (about.st_mode & 07777U) | mode);
  return file;
}

Result<Fd> make_file(const std::string& path, mode_t mode) {
  Result<Fd> made = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  return mode == kPrivateFile ? given_to_owner(std::move(made), mode) : std::move(made);
}

Status write_and_rename(Fd file, const std::string& beside, const std::string& path,
                        std::string_view content) {
  Status written = write_all(file.get(), content);
  if (!written) return fail(std::move(written.error()).within(path));
  if (::rename(beside.c_str(), path.c_str()) < 0) return fail_errno<"cannot-write">(errno, at<"path">(path));
  return {};
}

}  // namespace

Status check_way_to(const std::string& path) {
  Result<fs::path> folder = folder_of(path);
  LEMU_TRY(folder);
  LEMU_TRY(check_steps(*folder, path));
  std::error_code code;
  const fs::path real = fs::canonical(*folder, code);
  if (code) return fail_errno<"cannot-open">(code.value(), at<"path">(path));
  return real == *folder ? Status{} : check_steps(real, path);
}

Result<Fd> open_named_file(const std::string& path, mode_t mode) {
  LEMU_TRY(check_way_to(path));
  Result<Fd> made = make_file(path, mode);
  if (made || made.error().os_error != EEXIST) return made;
  struct stat about {};
  if (::lstat(path.c_str(), &about) == 0 && !is_trusted(about.st_uid))
    return fail<"file-of-others">(at<"path">(path), at<"uid">(about.st_uid));
  return open_file(path, O_WRONLY | O_TRUNC);
}

Result<Fd> open_private_file(const std::string& path, int flags) {
  return given_to_owner(open_file(path, flags | O_CREAT | O_NOFOLLOW, kPrivateFile), kPrivateFile);
}

Status make_private_folders(const std::string& path) {
  std::error_code code;
  fs::path missing;
  for (const fs::path& part : fs::absolute(path, code)) {
    missing /= part;
    if (part.empty() || fs::is_directory(missing, code)) continue;
    LEMU_TRY(check_way_to(missing.string()));
    if (::mkdir(missing.c_str(), kPrivateFolder) < 0) {
      if (errno == EEXIST && fs::is_directory(missing, code)) continue;  // by another lemu, just now
      return fail_errno<"cannot-make-folder">(errno == EEXIST ? ENOTDIR : errno,
                                              at<"path">(missing.string()));
    }
    ::chmod(missing.c_str(), kPrivateFolder);  // what the umask took; nobody else can have changed the way
  }
  const fs::path real = fs::canonical(path, code);
  if (code) return fail_errno<"cannot-make-folder">(code.value(), at<"path">(path));
  LEMU_TRY(check_way_to(path));
  return check_steps(real, path);
}

Status write_file_atomically(const std::string& path, std::string_view content, mode_t mode) {
  LEMU_TRY(check_way_to(path));
  const Result<std::string> beside = name_beside(path);
  LEMU_TRY(beside);
  Result<Fd> file = make_file(*beside, mode);
  if (!file) return fail_errno<"cannot-open">(file.error().os_error, at<"path">(path));
  Status written = write_and_rename(std::move(*file), *beside, path, content);
  if (!written) ::unlink(beside->c_str());
  return written;
}

}  // namespace lemu
