// SPDX-License-Identifier: Apache-2.0
#include "images/bootstrap.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/syscall.hpp"
#include "images/entry.hpp"
#include "images/errors.hpp"
#include "images/near_miss.hpp"

namespace lemu::images {
namespace {

constexpr mode_t kAnyExecute = S_IXUSR | S_IXGRP | S_IXOTH;

/// Opens `name` without leaving `folder`, whatever links it goes through: at /var/task only the folder is
/// there.
Fd open_beneath(int folder, const char* name) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof(how))));
}

/// For kernels and containers without openat2(2): the same question answered by comparing paths.
Fd open_beneath_by_path(const std::string& folder, const std::string& path) {
  std::error_code failed;
  const std::string real = std::filesystem::canonical(path, failed);
  if (failed) {
    errno = failed.value();
    return Fd();
  }
  if (!real.starts_with(folder + "/")) {
    errno = EXDEV;
    return Fd();
  }
  return Fd(::open(real.c_str(), O_PATH | O_CLOEXEC));
}

tl::unexpected<Error> broken_link(const BootstrapSearch& search, const std::string& path, int code) {
  std::error_code failed;
  const std::string target = std::filesystem::read_symlink(path, failed);
  const std::string package = package_name(search), quoted = in_quotes(target);
  if (code == EXDEV) return fail<"bootstrap-link-leads-out">(package, quoted);
  if (code == ENOENT) return fail<"bootstrap-broken-link">(package, quoted);
  return fail_errno<"bootstrap-link-not-followed">(code, package, quoted);
}

/// The bootstrap for a message: a zip's is unpacked to a place that is gone when the message is read.
std::string bootstrap_name(const BootstrapSearch& search, const std::string& path) {
  return search.kind == PackageKind::zip ? "bootstrap in " + package_name(search) : path;
}

std::string octal_of(mode_t mode) {
  constexpr std::string_view kOctal = "01234567";
  return {'0', kOctal[mode >> 6 & 7], kOctal[mode >> 3 & 7], kOctal[mode & 7]};
}

tl::unexpected<Error> not_executable(const BootstrapSearch& search, mode_t mode) {
  const std::string octal = octal_of(mode), package = package_name(search);
  if (search.kind == PackageKind::folder)
    return fail<"bootstrap-not-executable">(package, octal, search.given);
  if (search.files_without_mode == 0) return fail<"bootstrap-not-executable-in-zip">(package, octal);
  return fail<"zip-without-permissions">(package, octal);
}

/// Lambda's user is neither the owner of the files nor in their group.
tl::unexpected<Error> not_for_all(const BootstrapSearch& search, mode_t mode) {
  const std::string octal = octal_of(mode), package = package_name(search);
  if (search.kind == PackageKind::folder)
    return fail<"bootstrap-not-executable-for-all">(package, octal, search.given);
  return fail<"bootstrap-not-executable-for-all-in-zip">(package, octal);
}

Result<Bootstrap> check_found(const BootstrapSearch& search, const std::string& path, int fd) {
  struct stat info {};
  const std::string name = bootstrap_name(search, path);
  if (::fstat(fd, &info) != 0) return fail_errno<"package-not-looked-at">(errno, name);
  if (S_ISDIR(info.st_mode)) return fail<"bootstrap-is-folder">(package_name(search));
  if (!S_ISREG(info.st_mode)) return fail<"bootstrap-not-regular">(package_name(search));
  if ((info.st_mode & kAnyExecute) == 0) return not_executable(search, info.st_mode);
  if ((info.st_mode & S_IXOTH) == 0) return not_for_all(search, info.st_mode);
  std::error_code failed;
  Bootstrap found{std::filesystem::canonical(path, failed), {}};
  if (failed) return fail_errno<"package-not-looked-at">(failed.value(), name);
  if ((info.st_mode & S_IROTH) == 0)
    found.notes.push_back(
        "bootstrap is not readable for all: Lambda runs it as another user than its owner, so chmod 755 it "
        "before packing");
  return found;
}

}  // namespace

Result<Bootstrap> find_bootstrap(const BootstrapSearch& search) {
  const std::string path = search.folder + "/bootstrap";
  struct stat itself {};
  if (::lstat(path.c_str(), &itself) != 0) {
    if (errno != ENOENT) return fail_errno<"package-not-looked-at">(errno, bootstrap_name(search, path));
    return explain_missing_bootstrap(search);
  }
  Result<Fd> folder = open_file(search.folder, O_PATH | O_DIRECTORY);
  if (!folder) return fail(std::move(folder.error()));
  Fd file = open_beneath(folder->get(), "bootstrap");
  if (!file.valid() && (errno == ENOSYS || errno == EPERM)) file = open_beneath_by_path(search.folder, path);
  if (!file.valid()) {
    const int code = errno;
    if (S_ISLNK(itself.st_mode)) return broken_link(search, path, code);
    return fail_errno<"package-not-opened">(code, bootstrap_name(search, path));
  }
  return check_found(search, path, file.get());
}

Status check_single_bootstrap(const std::string& path, const std::string& given) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno<"package-not-looked-at">(errno, given);
  if ((info.st_mode & S_IXOTH) != 0) return {};
  if ((info.st_mode & kAnyExecute) != 0)
    return fail<"file-not-executable-for-all">(in_quotes(given), octal_of(info.st_mode), given);
  return fail<"file-not-executable">(in_quotes(given), given);
}

}  // namespace lemu::images
