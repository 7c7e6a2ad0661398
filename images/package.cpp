// SPDX-License-Identifier: Apache-2.0
#include "images/package.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "base/input_file.hpp"
#include "base/syscall.hpp"
#include "base/units.hpp"
#include "images/archive.hpp"
#include "images/bootstrap.hpp"
#include "images/entry.hpp"
#include "images/errors.hpp"
#include "images/survey.hpp"

namespace lemu::images {
namespace {

namespace fs = std::filesystem;

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, FreeText> real(::realpath(path.c_str(), nullptr));
  if (!real) return fail_errno<"package-not-opened">(errno, at<"package">(in_quotes(path)));
  return std::string(real.get());
}

bool has_zip_name(std::string_view path) {
  constexpr std::string_view kEnding = ".zip";
  if (path.size() <= kEnding.size()) return false;
  for (std::size_t i = 0; i < kEnding.size(); ++i)
    if ((path[path.size() - kEnding.size() + i] | 0x20) != (kEnding[i] | 0x20)) return false;
  return true;
}

bool is_zip(std::string_view start) {
  return start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06");
}

/// What a file that calls itself a zip is instead.
std::string_view content_name(std::string_view start) {
  struct Known {
    std::string_view magic;
    std::string_view name;
  };
  constexpr std::array<Known, 7> kKnown{{{"\x1f\x8b", "gzip data"},
                                         {"7z\xbc\xaf", "a 7z archive"},
                                         {"\x7f"
                                          "ELF",
                                          "an ELF program"},
                                         {"#!", "a script"},
                                         {"Rar!", "a RAR archive"},
                                         {"BZh", "bzip2 data"},
                                         {"\xfd"
                                          "7zXZ",
                                          "xz data"}}};
  if (start.empty()) return "empty";
  for (const Known& known : kKnown)
    if (start.starts_with(known.magic)) return known.name;
  return "something else";
}

Result<std::string> first_bytes(const Package& package) {
  Result<Fd> file = open_regular(package.path);
  if (!file && file.error().os_error == 0)
    return fail<"package-of-no-kind">(at<"package">(in_quotes(package.given)));
  if (!file)
    return fail_errno<"package-file-not-readable">(
        file.error().os_error, at<"package">(in_quotes(package.given)), at<"given">(package.given));
  std::string start(6, '\0');
  const Result<std::size_t> n = read_up_to(file->get(), std::as_writable_bytes(std::span<char>(start)));
  if (!n) return fail_errno<"package-not-read">(n.error().os_error, at<"package">(in_quotes(package.given)));
  start.resize(*n);
  return start;
}

Result<Package> open_regular(Package package) {
  const Result<std::string> start = first_bytes(package);
  if (!start) return fail(start.error());
  if (is_zip(*start)) {
    package.kind = PackageKind::zip;
  } else if (has_zip_name(package.given)) {
    return fail<"package-not-a-zip">(at<"package">(in_quotes(package.given)),
                                     at<"content">(content_name(*start)));
  }
  return package;
}

FunctionCode code_in(const std::string& folder, Bootstrap bootstrap) {
  FunctionCode code;
  code.task_folder = folder;
  code.bootstrap_host_path = std::move(bootstrap.host_path);
  code.bootstrap_same_on_host = bootstrap.same_on_host;
  code.notes = std::move(bootstrap.notes);
  return code;
}

Result<FunctionCode> prepare_file(const Package& package) {
  const Status runnable = check_single_bootstrap(package.path, package.given);
  if (!runnable) return fail(runnable.error());
  FunctionCode code;
  code.bootstrap_file = code.bootstrap_host_path = package.path;
  const std::string name = fs::path(package.given).filename();
  if (name != "bootstrap")
    code.notes.push_back(in_quotes(name) +
                         " runs as /var/task/bootstrap: Lambda needs it under the name 'bootstrap'");
  return code;
}

/// What the user should know of a folder that is no package as it is.
void note_contents(const Survey& survey, const Package& package, FunctionCode& code) {
  const std::string name = in_quotes(package.given);
  if (survey.over_limit)
    code.notes.push_back(name + " holds more than " + print_size(kMostUnzipped) +
                         ": Lambda would refuse it (Unzipped size must be smaller than " +
                         std::to_string(kMostUnzipped) + " bytes)");
  if (!survey.channels.empty())
    code.notes.push_back(name + " holds a socket or named pipe, " + in_quotes(survey.channels.front()) +
                         (survey.channels.size() > 1 ? " and others" : "") +
                         ": the sandbox hides it, as no zip can hold it");
  if (!survey.whole)
    code.notes.push_back(name +
                         " holds more files than lemu looks at: sockets and named pipes among the others "
                         "are not hidden");
}

Result<FunctionCode> prepare_folder(const Package& package) {
  constexpr std::size_t kMostChannels = 100;
  Result<Bootstrap> bootstrap = find_bootstrap({package.path, package.given, PackageKind::folder, 0});
  LEMU_TRY(bootstrap);
  FunctionCode code = code_in(package.path, std::move(*bootstrap));
  Survey survey = survey_folder(package.path);
  if (survey.channels.size() > kMostChannels)
    return fail<"package-holds-sockets">(at<"package">("the folder " + in_quotes(package.given)),
                                         at<"most">(kMostChannels));
  note_contents(survey, package, code);
  code.channels = std::move(survey.channels);
  return code;
}

Result<FunctionCode> prepare_zip(const Package& package, const std::string& unpack_folder,
                                 std::function<bool()> interrupted) {
  Result<std::string> folder = real_path(unpack_folder);
  LEMU_TRY(folder);
  Result<Unpacked> unpacked = unpack_zip(package.path, *folder, {.interrupted = std::move(interrupted)});
  LEMU_TRY(unpacked);
  Result<Bootstrap> bootstrap =
      find_bootstrap({*folder, package.given, PackageKind::zip, unpacked->files_without_mode});
  LEMU_TRY(bootstrap);
  FunctionCode code = code_in(*folder, std::move(*bootstrap));
  code.notes.insert(code.notes.begin(), unpacked->notes.begin(), unpacked->notes.end());
  std::error_code failed;
  if (fs::file_size(package.path, failed) > kMostDirectUpload && !failed)
    code.notes.push_back(in_quotes(package.given) + " is larger than " + print_size(kMostDirectUpload) +
                         ": it must be uploaded through S3");
  return code;
}

}  // namespace

Result<Package> open_package(const std::string& target) {
  Result<std::string> real = real_path(target);
  LEMU_TRY(real);
  Package package{PackageKind::bootstrap_file, std::move(*real), target};
  struct stat info {};
  if (::stat(package.path.c_str(), &info) != 0)
    return fail_errno<"package-not-opened">(errno, at<"package">(in_quotes(target)));
  if (S_ISREG(info.st_mode)) return open_regular(std::move(package));
  if (!S_ISDIR(info.st_mode)) return fail<"package-of-no-kind">(at<"package">(in_quotes(target)));
  if (::access(package.path.c_str(), R_OK | X_OK) != 0)
    return fail_errno<"package-folder-not-readable">(errno, at<"package">(in_quotes(target)),
                                                     at<"given">(target));
  package.kind = PackageKind::folder;
  return package;
}

Result<FunctionCode> prepare(const Package& package, const std::string& unpack_folder,
                             std::function<bool()> interrupted) {
  switch (package.kind) {
    case PackageKind::bootstrap_file: return prepare_file(package);
    case PackageKind::folder: return prepare_folder(package);
    case PackageKind::zip: return prepare_zip(package, unpack_folder, std::move(interrupted));
  }
  throw std::logic_error("a package of no kind");
}

}  // namespace lemu::images
