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
#include "images/near_miss.hpp"

namespace lemu::images {
namespace {

constexpr mode_t kAnyExecute = S_IXUSR | S_IXGRP | S_IXOTH;

tl::unexpected<Error> invalid(const char* aws_message, std::string message, std::string remedy) {
  return tl::unexpected<Error>(
      Error{ErrorKind::invalid_entrypoint, std::move(message), std::move(remedy), 0, aws_message});
}

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

std::string in_package(const BootstrapSearch& search) {
  return (search.kind == PackageKind::zip ? "the zip " : "the folder ") + in_quotes(search.given);
}

tl::unexpected<Error> broken_link(const BootstrapSearch& search, const std::string& path, int code) {
  std::error_code failed;
  const std::string target = std::filesystem::read_symlink(path, failed);
  std::string why = fail_errno(code, "which cannot be followed").value().message;
  if (code == EXDEV) why = "which leads out of it, and Lambda has only what is in it";
  if (code == ENOENT) why = "which does not exist";
  return invalid(kNoBootstrap,
                 "bootstrap in " + in_package(search) + " is a link to " + in_quotes(target) + ", " + why,
                 "put the file itself there, or link to it with a relative path inside the package");
}

tl::unexpected<Error> not_executable(const BootstrapSearch& search, mode_t mode) {
  constexpr std::string_view kOctal = "01234567";
  const std::string octal{'0', kOctal[mode >> 6 & 7], kOctal[mode >> 3 & 7], kOctal[mode & 7]};
  std::string message = "bootstrap in " + in_package(search) + " is not executable (mode " + octal + ")";
  if (search.kind == PackageKind::folder)
    return invalid(kBootstrapDenied, std::move(message), "chmod +x " + search.given + "/bootstrap");
  if (search.files_without_mode == 0)
    return invalid(kBootstrapDenied, std::move(message),
                   "chmod +x bootstrap, then zip it again: zip -r function.zip .");
  return invalid(
      kBootstrapDenied,
      std::move(message) + ": the zip carries no Unix permissions, as those made on Windows do not",
      "zip on Linux, macOS or WSL after chmod +x bootstrap; for Go on Windows use build-lambda-zip");
}

Result<Bootstrap> check_found(const BootstrapSearch& search, const std::string& path, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno(errno, "cannot look at " + path, ErrorKind::bad_input);
  if (S_ISDIR(info.st_mode))
    return invalid(
        kNoBootstrap, "bootstrap in " + in_package(search) + " is a folder, not a file",
        "Lambda runs an executable file named bootstrap: rename the folder, and put the file there");
  if (!S_ISREG(info.st_mode))
    return invalid(kNoBootstrap, "bootstrap in " + in_package(search) + " is not a regular file",
                   "Lambda runs an executable file named bootstrap: put one there");
  if ((info.st_mode & kAnyExecute) == 0) return not_executable(search, info.st_mode);
  std::error_code failed;
  Bootstrap found{std::filesystem::canonical(path, failed), {}};
  if (failed) return fail_errno(failed.value(), "cannot look at " + path, ErrorKind::bad_input);
  if ((info.st_mode & (S_IROTH | S_IXOTH)) != (S_IROTH | S_IXOTH))
    found.notes.push_back(
        "bootstrap is not readable and executable for all: Lambda runs it as another user than "
        "its owner, so chmod 755 it before packing");
  return found;
}

}  // namespace

Result<Bootstrap> find_bootstrap(const BootstrapSearch& search) {
  const std::string path = search.folder + "/bootstrap";
  struct stat itself {};
  if (::lstat(path.c_str(), &itself) != 0) {
    if (errno != ENOENT) return fail_errno(errno, "cannot look at " + path, ErrorKind::bad_input);
    NearMiss miss = explain_missing_bootstrap(search);
    return invalid(kNoBootstrap, std::move(miss.message), std::move(miss.remedy));
  }
  Result<Fd> folder = open_file(search.folder, O_PATH | O_DIRECTORY);
  if (!folder) return fail(std::move(folder.error()));
  Fd file = open_beneath(folder->get(), "bootstrap");
  if (!file.valid() && (errno == ENOSYS || errno == EPERM)) file = open_beneath_by_path(search.folder, path);
  if (!file.valid()) {
    const int code = errno;
    if (S_ISLNK(itself.st_mode)) return broken_link(search, path, code);
    return fail_errno(code, "cannot open " + path, ErrorKind::bad_input);
  }
  return check_found(search, path, file.get());
}

Status check_single_bootstrap(const std::string& path, const std::string& given) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return fail_errno(errno, "cannot look at " + given, ErrorKind::bad_input);
  if ((info.st_mode & kAnyExecute) != 0) return {};
  return invalid(kBootstrapDenied, in_quotes(given) + " is not executable", "chmod +x " + given);
}

}  // namespace lemu::images
