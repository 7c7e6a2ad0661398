// SPDX-License-Identifier: Apache-2.0
// What a bootstrap is: the file is inspected as lemu does it and once more from memory, and both say the
// same; a dynamic program's loader and libraries are found inside the root it will see, whatever names it
// asks for.
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <numeric>

#include "qemu/dynamic.hpp"
#include "qemu/inspect.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu;
using namespace lemu::qemu;

namespace {

/// A sysroot with a loader, a library, and links that try to lead out of it.
class Sysroot {
 public:
  Sysroot() {
    folder_.add("lib/ld.so", test::make_elf({.soname = "ld.so"}));
    folder_.add("lib/libc.so.6", test::make_elf({.soname = "libc.so.6", .versions_defined = {"GLIBC_2.36"}}));
    folder_.add("lib/other.so", test::make_elf({.machine = EM_X86_64, .soname = "other.so"}));
    namespace fs = std::filesystem;
    fs::create_symlink("/etc/passwd", folder_.path + "/lib/out.so");
    fs::create_symlink("../../../../etc", folder_.path + "/lib/up");
    fs::create_symlink("loop.so", folder_.path + "/lib/loop.so");
    real_ = fs::canonical(folder_.path).string() + "/";
  }
  [[nodiscard]] GuestRoot root() const { return GuestRoot({{folder_.path, "/"}}); }
  [[nodiscard]] bool holds(const std::string& host) const {
    return std::filesystem::canonical(host).string().starts_with(real_);
  }

 private:
  test::TemporaryFolder folder_;
  std::string real_;
};

void check_resolution(const ElfInfo& elf) {
  static const Sysroot sysroot;
  const Result<DynamicProgram> found = resolve_dynamic(
      {.elf = elf, .guest_path = "/var/task/bootstrap", .library_path = {"/lib"}}, sysroot.root());
  if (!found) {
    LEMU_HOLDS(found.error().kind == ErrorKind::host_lacks && !found.error().remedy.empty());
    return;
  }
  LEMU_HOLDS(found->interpreter.empty() == elf.interpreter.empty());
  if (!found->interpreter.empty()) LEMU_HOLDS(sysroot.holds(found->interpreter));
  for (const FoundLibrary& library : found->libraries) LEMU_HOLDS(sysroot.holds(library.host));
}

void check_same(const ElfInfo& a, const ElfInfo& b) {
  LEMU_HOLDS(a.arch == b.arch && a.type == b.type);
  LEMU_HOLDS(a.interpreter == b.interpreter && a.needed == b.needed && a.soname == b.soname);
  LEMU_HOLDS(a.rpath == b.rpath && a.runpath == b.runpath);
  LEMU_HOLDS(a.glibc_needed == b.glibc_needed && a.glibc_provided == b.glibc_provided);
}

/// The input as an executable file without a name.
class File {
 public:
  explicit File(std::string_view bytes) : fd_(::memfd_create("bootstrap", MFD_CLOEXEC)) {
    LEMU_HOLDS(fd_.valid() && write_all(fd_.get(), bytes));
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  Fd fd_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const File file(bytes);
  const Result<Program> program = inspect_program(file.path());
  const Result<ElfInfo> elf = inspect_elf(bytes);
  if (!program) {
    LEMU_HOLDS(program.error().kind == ErrorKind::invalid_entrypoint);
    LEMU_HOLDS(program.error().aws_message.starts_with("fork/exec /var/task/bootstrap: "));
    LEMU_HOLDS(!elf || elf->type == ElfType::other || elf->is_library());
    return 0;
  }
  LEMU_HOLDS((program->elf() != nullptr) == elf.has_value());
  LEMU_HOLDS((program->script() != nullptr) == looks_like_script(bytes));
  if (!elf) return 0;
  check_same(*elf, *program->elf());
  const auto longer = [](std::size_t sum, const std::string& name) { return sum + name.size(); };
  LEMU_HOLDS(std::accumulate(elf->needed.begin(), elf->needed.end(), std::size_t{0}, longer) <=
             kMostNameBytes);
  check_resolution(*elf);
  return 0;
}
