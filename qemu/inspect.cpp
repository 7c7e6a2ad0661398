// SPDX-License-Identifier: Apache-2.0
#include "qemu/inspect.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/input_file.hpp"
#include "base/syscall.hpp"
#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

struct Subject {
  const std::string& path;
  const ProgramNames& names;

  /// The error of a program as that of this one: whatever is wrong with it, Lambda cannot execute it.
  [[nodiscard]] tl::unexpected<Error> refused(Error error) const {
    error = std::move(error).within(names.told_as.empty() ? path : names.told_as);
    error.kind = ErrorKind::invalid_entrypoint;
    error.aws_message = "fork/exec " + names.seen_as + ": " + error.aws_message;
    return fail(std::move(error));
  }
  [[nodiscard]] tl::unexpected<Error> refused(tl::unexpected<Error> error) const {
    return refused(std::move(error.value()));
  }
  [[nodiscard]] const std::string& in_remedies() const {
    return names.remedied_as.empty() ? path : names.remedied_as;
  }
};

template <Slug slug>
constexpr const ErrorRow* kRow = &kErrors[index_of(kErrors, slug.view())];

/// What a file of no use here is, by its first bytes: the kinds people really put there.
struct Foreign {
  std::string_view magic;
  std::string_view what;
  const ErrorRow* row;
};
constexpr Foreign kForeign[] = {
    {"\xcf\xfa\xed\xfe", "a macOS program (64-bit Mach-O)", kRow<"program-for-other-system">},
    {"\xce\xfa\xed\xfe", "a macOS program (32-bit Mach-O)", kRow<"program-for-other-system">},
    {"\xfe\xed\xfa\xcf", "a macOS program (64-bit Mach-O, big-endian)", kRow<"program-for-other-system">},
    {"\xfe\xed\xfa\xce", "a macOS program (32-bit Mach-O, big-endian)", kRow<"program-for-other-system">},
    {"\xca\xfe\xba\xbf", "a macOS universal program (fat Mach-O)", kRow<"program-for-other-system">},
    {"MZ", "a Windows program (PE)", kRow<"program-for-other-system">},
    {"PK\x03\x04", "a zip archive", kRow<"program-is-zip">},
    {"\x1f\x8b", "gzip-compressed data", kRow<"program-is-compressed">},
    {std::string_view("\0asm", 4), "a WebAssembly module", kRow<"program-for-other-system">},
    {"\xef\xbb\xbf#!", "a script behind a UTF-8 byte order mark, which hides its #! from the kernel",
     kRow<"script-byte-order-mark">},
    {"\xff\xfe", "text in UTF-16, which the kernel cannot read as a script", kRow<"script-in-utf16">},
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
    return subject.refused(fail<"program-for-other-system">(at<"what">(cafebabe_kind(head))));
  for (const Foreign& kind : kForeign)
    if (head.starts_with(kind.magic))
      return subject.refused(make_error(*kind.row, std::array{std::string(kind.what)}));
  if (head.find('\0') == std::string_view::npos)
    return subject.refused(fail<"script-without-interpreter-line">());
  return subject.refused(fail<"program-of-unknown-format">());
}

Status check_file(const Subject& subject, const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return subject.refused(fail<"program-is-folder">());
  if (!S_ISREG(status.st_mode)) return subject.refused(fail<"program-not-regular">());
  if ((status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
    return subject.refused(fail<"program-not-executable">(at<"path">(subject.in_remedies())));
  if (status.st_size == 0) return subject.refused(fail<"program-empty">());
  return {};
}

Result<std::variant<ElfInfo, ScriptLine>> read_content(const Subject& subject, int fd) {
  std::string head(kExecHeadSize, '\0');
  Result<std::size_t> size = read_up_to(fd, std::as_writable_bytes(std::span<char>(head)));
  if (!size) return subject.refused(fail_errno<"program-not-read">(size.error().os_error));
  head.resize(*size);
  if (looks_like_elf(head)) {
    Result<ElfInfo> elf = inspect_elf_file(fd);
    if (!elf) return subject.refused(std::move(elf.error()));
    if (elf->type == ElfType::other) return subject.refused(fail<"program-is-object">());
    if (elf->is_library()) return subject.refused(fail<"program-is-library">(at<"name">(elf->soname)));
    return std::variant<ElfInfo, ScriptLine>(*std::move(elf));
  }
  if (looks_like_script(head)) {
    Result<ScriptLine> script = parse_script(head, subject.in_remedies());
    if (!script) return subject.refused(std::move(script.error()));
    return std::variant<ElfInfo, ScriptLine>(*std::move(script));
  }
  return refuse_content(subject, head);
}

}  // namespace

Result<Program> inspect_program(const std::string& path, ProgramNames names) {
  const Subject subject{path, names};
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0) {
    const int code = errno;
    return subject.refused(code == EACCES ? fail_errno<"program-not-reachable">(code)
                                          : fail_errno<"program-not-found">(code));
  }
  LEMU_TRY(check_file(subject, status));
  Result<Fd> fd = open_regular(path);
  if (!fd && fd.error().os_error == 0) return subject.refused(fail<"program-not-regular">());
  if (!fd)
    return subject.refused(
        fail_errno<"program-not-readable">(fd.error().os_error, at<"path">(subject.in_remedies())));
  Result<std::variant<ElfInfo, ScriptLine>> content = read_content(subject, fd->get());
  LEMU_TRY(content);
  return Program{path, std::move(names), *std::move(content)};
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
  const Subject subject{program.path, program.names};
  const std::string is(names_of(elf->arch).lambda);
  const std::string asked(names_of(wanted).lambda);
  return subject.refused(
      fail<"program-wrong-architecture">(at<"is">(is), at<"asked">(asked), at<"how">(build_hint(wanted))));
}

}  // namespace lemu::qemu
