// SPDX-License-Identifier: Apache-2.0
#include "qemu/interpreter.hpp"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "qemu/capture.hpp"
#include "qemu/elf.hpp"
#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

std::string qemu_name(Arch guest) { return std::string("qemu-").append(names_of(guest).qemu); }

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> resolved(::realpath(path.c_str(), nullptr), &::free);
  if (!resolved) return fail_errno<"qemu-not-found">(errno, at<"path">(path));
  return std::string(resolved.get());
}

/// What can be told of a QEMU without running it.
Result<QemuProgram> look_at(const std::string& path, Arch guest) {
  Result<std::string> real = real_path(path);
  LEMU_TRY(real);
  if (::access(real->c_str(), X_OK) != 0) return fail_errno<"qemu-not-found">(errno, at<"path">(*real));
  Result<ElfInfo> elf = inspect_elf_path(*real);
  LEMU_TRY(elf);
  if (elf->arch != host_arch())
    return fail<"qemu-for-other-host">(at<"path">(*real), at<"arch">(names_of(elf->arch).lambda),
                                       at<"host">(names_of(host_arch()).lambda));
  const Linkage linkage = elf->is_static() ? Linkage::self_contained : Linkage::shared_libraries;
  return QemuProgram{*std::move(real), guest, linkage};
}

/// QEMU's version line is "qemu-aarch64 version 7.2.22 (…)" (linux-user/main.c, usage()).
Result<std::string> version_of(const std::string& path, Arch guest) {
  Result<Captured> captured = capture_output({path, "--version"});
  LEMU_TRY(captured);
  const std::string expected = qemu_name(guest) + " version ";
  const std::string line = captured->output.substr(0, captured->output.find('\n'));
  if (line.starts_with(expected)) return line.substr(expected.size());
  std::string said = line.empty() ? "nothing" : '"' + line.substr(0, 80);
  if (!line.empty()) said += '"';
  return fail<"qemu-other-program">(at<"path">(path), at<"arch">(names_of(guest).lambda), at<"said">(said));
}

Result<QemuProgram> use_given(Arch guest, const std::string& path) {
  Result<QemuProgram> qemu = look_at(path, guest);
  Result<std::string> version =
      qemu ? version_of(qemu->path, guest) : Result<std::string>(fail(qemu.error()));
  if (version) return qemu;
  return fail<"qemu-unusable">(at<"reason">(version.error().message), at<"name">(qemu_name(guest)));
}

/// A line of the loader's list: "\tlibc.so.6 => /lib/libc.so.6 (0x…)", "\t/lib64/ld.so (0x…)", or the
/// kernel's vdso, which is no file. The path, when there is one.
std::optional<std::string> listed_path(std::string_view line) {
  const std::size_t slash = line.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::size_t arrow = line.find("=> ");
  line.remove_prefix(arrow == std::string_view::npos ? slash : arrow + 3);
  return std::string(line.substr(0, line.rfind(" (")));
}

}  // namespace

std::vector<QemuProgram> all_qemus(Arch guest, const std::string& path) {
  std::vector<QemuProgram> found;
  const auto known = [&](const std::string& file) {
    return std::any_of(found.begin(), found.end(),
                       [&](const QemuProgram& qemu) { return qemu.path == file; });
  };
  for (const char* suffix : {"-static", ""})
    for (const std::string& folder : split(path, ':')) {
      if (folder.empty()) continue;
      std::string file = folder;
      Result<QemuProgram> qemu = look_at(file.append("/").append(qemu_name(guest)).append(suffix), guest);
      // /bin and /usr/bin are often one folder.
      if (qemu && !known(qemu->path)) found.push_back(*std::move(qemu));
    }
  return found;
}

Result<QemuProgram> find_qemu(Arch guest, const QemuSearch& search) {
  if (search.given) return use_given(guest, *search.given);
  std::vector<QemuProgram> found = all_qemus(guest, search.path);
  if (!found.empty()) return std::move(found.front());
  return fail<"qemu-missing">(at<"arch">(names_of(guest).lambda), at<"name">(qemu_name(guest)));
}

Result<std::string> qemu_version(const QemuProgram& qemu) { return version_of(qemu.path, qemu.guest); }

Result<SharedLibraries> shared_libraries(const QemuProgram& qemu) {
  SharedLibraries libraries;
  if (qemu.linkage == Linkage::self_contained) return libraries;
  Result<ElfInfo> elf = inspect_elf_path(qemu.path);
  LEMU_TRY(elf);
  libraries.loader = elf->interpreter;
  Result<Captured> listed = capture_output({libraries.loader, "--list", qemu.path});
  LEMU_TRY(listed);
  if (listed->exit_code != 0) return fail<"qemu-without-libraries">(at<"path">(qemu.path));
  for (const std::string& line : split(listed->output, '\n')) {
    const std::optional<std::string> file = listed_path(line);
    if (file && *file != libraries.loader) libraries.files.push_back(*file);
  }
  return libraries;
}

}  // namespace lemu::qemu
