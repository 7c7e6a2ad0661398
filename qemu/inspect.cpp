// SPDX-License-Identifier: Apache-2.0
#include "qemu/inspect.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/syscall.hpp"

namespace lemu::qemu {
namespace {

// Lambda is written in Go: its reasons are Go's spellings of errno (syscall/zerrors_linux_*.go).
constexpr std::string_view kFormatError = "exec format error";
constexpr std::string_view kPermissionDenied = "permission denied";
constexpr std::string_view kNotFound = "no such file or directory";

constexpr std::string_view kBuildEither =
    "build it for Linux: GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -o bootstrap (GOARCH=amd64 for "
    "x86_64)";

struct Subject {
  const std::string& path;
  std::string_view seen_as;

  tl::unexpected<Error> refused(std::string_view reason, std::string_view remedy, std::string_view aws_reason,
                                int os_error = 0) const {
    return fail(Error{ErrorKind::invalid_entrypoint, path + ": " + std::string(reason), std::string(remedy),
                      os_error, "fork/exec " + std::string(seen_as) + ": " + std::string(aws_reason)});
  }
};

/// What a file of no use here is, by its first bytes: the kinds people really put there.
struct Foreign {
  std::string_view magic;
  std::string_view what;
  std::string_view remedy;
};
constexpr Foreign kForeign[] = {
    {"\xcf\xfa\xed\xfe", "a macOS program (64-bit Mach-O)", kBuildEither},
    {"\xce\xfa\xed\xfe", "a macOS program (32-bit Mach-O)", kBuildEither},
    {"\xfe\xed\xfa\xcf", "a macOS program (64-bit Mach-O, big-endian)", kBuildEither},
    {"\xfe\xed\xfa\xce", "a macOS program (32-bit Mach-O, big-endian)", kBuildEither},
    {"\xca\xfe\xba\xbf", "a macOS universal program (fat Mach-O)", kBuildEither},
    {"MZ", "a Windows program (PE)", kBuildEither},
    {"PK\x03\x04", "a zip archive", "name it with the extension .zip, or unpack it"},
    {"\x1f\x8b", "gzip-compressed data", "unpack it"},
    {std::string_view("\0asm", 4), "a WebAssembly module", kBuildEither},
    {"\xef\xbb\xbf#!", "a script behind a UTF-8 byte order mark, which hides its #! from the kernel",
     "save it without the mark: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE"},
    {"\xff\xfe", "text in UTF-16, which the kernel cannot read as a script", "save it as UTF-8"},
};

/// 0xcafebabe opens a fat Mach-O and a Java class alike: then come the number of architectures (a few), or
/// the class file's version, which is 45 or more (file(1) tells them apart in the same way).
std::string_view cafebabe_kind(std::string_view head) {
  constexpr unsigned char kFirstJavaVersion = 45;
  const bool java = head.size() >= 8 && static_cast<unsigned char>(head[7]) >= kFirstJavaVersion;
  return java ? "a Java class file" : "a macOS universal program (fat Mach-O)";
}

tl::unexpected<Error> refuse_content(const Subject& subject, std::string_view head) {
  if (head.starts_with("\xca\xfe\xba\xbe"))
    return subject.refused(std::string(cafebabe_kind(head)) + ", not a Linux program", kBuildEither,
                           kFormatError);
  for (const Foreign& kind : kForeign)
    if (head.starts_with(kind.magic))
      return subject.refused(std::string(kind.what) + ", not a Linux program", kind.remedy, kFormatError);
  if (head.find('\0') == std::string_view::npos)
    return subject.refused("text without a #! line, which the kernel cannot execute",
                           "name the interpreter in the first line: #!/bin/sh", kFormatError);
  return subject.refused("neither an ELF program nor a script with a #! line", kBuildEither, kFormatError);
}

Status check_file(const Subject& subject, const struct stat& status) {
  if (S_ISDIR(status.st_mode))
    return subject.refused("a directory, not a program", "give the bootstrap file in it", kPermissionDenied);
  if (!S_ISREG(status.st_mode)) return subject.refused("not a regular file", "", kPermissionDenied);
  if ((status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
    return subject.refused("not executable (no x in its mode)", "chmod +x " + subject.path,
                           kPermissionDenied);
  if (status.st_size == 0) return subject.refused("an empty file", "build or copy it again", kFormatError);
  return {};
}

Result<std::variant<ElfInfo, ScriptLine>> read_content(const Subject& subject, int fd) {
  std::string head(kExecHeadSize, '\0');
  Result<std::size_t> size = read_some_full(fd, std::as_writable_bytes(std::span<char>(head)));
  if (!size) return fail(std::move(size.error()).within(subject.path));
  head.resize(*size);
  if (looks_like_elf(head)) {
    Result<ElfInfo> elf = inspect_elf_file(fd);
    if (!elf) return subject.refused(elf.error().message, elf.error().remedy, kFormatError);
    if (elf->type == ElfType::other)
      return subject.refused("an object file or a core dump, not a program", "link it", kFormatError);
    if (elf->is_library())
      return subject.refused("a shared library (" + elf->soname + "), not a program", "build a program",
                             kFormatError);
    return std::variant<ElfInfo, ScriptLine>(*std::move(elf));
  }
  if (looks_like_script(head)) {
    Result<ScriptLine> script = parse_script(head, subject.path);
    if (!script)
      return subject.refused(script.error().message, script.error().remedy, script.error().aws_message);
    return std::variant<ElfInfo, ScriptLine>(*std::move(script));
  }
  return refuse_content(subject, head);
}

}  // namespace

Result<Program> inspect_program(const std::string& path, std::string_view seen_as) {
  const Subject subject{path, seen_as};
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0) {
    const int code = errno;
    const bool denied = code == EACCES;
    return subject.refused(::strerror(code),
                           denied ? "" : "check the path; a function's program is named bootstrap",
                           denied ? kPermissionDenied : kNotFound, code);
  }
  Status usable = check_file(subject, status);
  if (!usable) return fail(std::move(usable.error()));
  Result<Fd> fd = open_file(path, O_RDONLY);
  if (!fd)
    return subject.refused(::strerror(fd.error().os_error), "chmod +r " + path, kPermissionDenied,
                           fd.error().os_error);
  Result<std::variant<ElfInfo, ScriptLine>> content = read_content(subject, fd->get());
  if (!content) return fail(std::move(content.error()));
  return Program{path, std::string(seen_as), *std::move(content)};
}

std::string build_hint(Arch arch) {
  const ArchNames& names = names_of(arch);
  std::string hint = "GOOS=linux GOARCH=";
  hint.append(names.other).append(" CGO_ENABLED=0 go build -o bootstrap");
  hint.append(", ").append(names.gnu_triplet).append("-g++ -static -o bootstrap …");
  hint.append(", or cargo build --target ").append(names.machine).append("-unknown-linux-musl");
  return hint;
}

Status check_arch(const Program& program, Arch wanted) {
  const ElfInfo* elf = program.elf();
  if (elf == nullptr || elf->arch == wanted) return {};
  const Subject subject{program.path, program.seen_as};
  const std::string is(names_of(elf->arch).lambda);
  const std::string asked(names_of(wanted).lambda);
  return subject.refused("an " + is + " program, but " + asked + " was asked for",
                         "--arch " + is + ", or build it for " + asked + ": " + build_hint(wanted),
                         kFormatError);
}

}  // namespace lemu::qemu
