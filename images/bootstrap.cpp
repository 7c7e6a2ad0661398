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
#include "images/package_path.hpp"

namespace lemu::images {
namespace {

constexpr mode_t kAnyExecute = S_IXUSR | S_IXGRP | S_IXOTH;

/// Opens what follow_in_package() came to: nothing on its way may have become a link since.
Fd open_followed(int folder, const std::string& relative) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  Fd file(static_cast<int>(::syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof(how))));
  if (file.valid() || (errno != ENOSYS && errno != EPERM)) return file;
  return Fd(::openat(folder, relative.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

tl::unexpected<Error> broken_link(const BootstrapSearch& search, const std::string& path,
                                  const PackagePath& led) {
  std::error_code failed;
  const std::string target = std::filesystem::read_symlink(path, failed);
  const std::string package = package_name(search), quoted = in_quotes(target);
  if (led.outside == "/opt" || led.outside == "/tmp")
    return fail<"bootstrap-link-to-empty">(at<"package">(package), at<"target">(quoted),
                                           at<"folder">(led.outside));
  if (led.error == EXDEV)
    return fail<"bootstrap-link-leads-out">(at<"package">(package), at<"target">(quoted));
  if (led.error == ENOENT) return fail<"bootstrap-broken-link">(at<"package">(package), at<"target">(quoted));
  return fail_errno<"bootstrap-link-not-followed">(led.error, at<"package">(package), at<"target">(quoted));
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
    return fail<"bootstrap-not-executable">(at<"package">(package), at<"mode">(octal),
                                            at<"given">(search.given));
  if (search.files_without_mode == 0)
    return fail<"bootstrap-not-executable-in-zip">(at<"package">(package), at<"mode">(octal));
  return fail<"zip-without-permissions">(at<"package">(package), at<"mode">(octal));
}

/// Lambda's user is neither the owner of the files nor in their group.
tl::unexpected<Error> not_for_all(const BootstrapSearch& search, mode_t mode) {
  const std::string octal = octal_of(mode), package = package_name(search);
  if (search.kind == PackageKind::folder)
    return fail<"bootstrap-not-executable-for-all">(at<"package">(package), at<"mode">(octal),
                                                    at<"given">(search.given));
  return fail<"bootstrap-not-executable-for-all-in-zip">(at<"package">(package), at<"mode">(octal));
}

Result<Bootstrap> check_found(const BootstrapSearch& search, const PackagePath& led, int fd) {
  const std::string path = search.folder + "/" + led.relative;
  struct stat info {};
  const std::string name = bootstrap_name(search, path);
  if (::fstat(fd, &info) != 0) return fail_errno<"package-not-looked-at">(errno, at<"path">(name));
  if (S_ISDIR(info.st_mode)) return fail<"bootstrap-is-folder">(at<"package">(package_name(search)));
  if (!S_ISREG(info.st_mode)) return fail<"bootstrap-not-regular">(at<"package">(package_name(search)));
  if ((info.st_mode & kAnyExecute) == 0) return not_executable(search, info.st_mode);
  if ((info.st_mode & S_IXOTH) == 0) return not_for_all(search, info.st_mode);
  Bootstrap found{path, led.same_on_host, {}};
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
    if (errno != ENOENT)
      return fail_errno<"package-not-looked-at">(errno, at<"path">(bootstrap_name(search, path)));
    return explain_missing_bootstrap(search);
  }
  Result<Fd> folder = open_file(search.folder, O_PATH | O_DIRECTORY);
  LEMU_TRY(folder);
  const PackagePath led = follow_in_package(folder->get(), "bootstrap");
  if (led.error != 0 && S_ISLNK(itself.st_mode)) return broken_link(search, path, led);
  if (led.error != 0)
    return fail_errno<"package-not-opened">(led.error, at<"package">(bootstrap_name(search, path)));
  const Fd file = open_followed(folder->get(), led.relative);
  if (!file.valid())
    return fail_errno<"package-not-opened">(errno, at<"package">(bootstrap_name(search, path)));
  return check_found(search, led, file.get());
}

Status check_single_bootstrap(const std::string& path, const std::string& given) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno<"package-not-looked-at">(errno, at<"path">(given));
  if ((info.st_mode & S_IXOTH) != 0) return {};
  if ((info.st_mode & kAnyExecute) != 0)
    return fail<"file-not-executable-for-all">(at<"quoted">(in_quotes(given)),
                                               at<"mode">(octal_of(info.st_mode)), at<"given">(given));
  return fail<"file-not-executable">(at<"quoted">(in_quotes(given)), at<"given">(given));
}

}  // namespace lemu::images
