// SPDX-License-Identifier: Apache-2.0
#include "qemu/elf.hpp"

#include <doctest/doctest.h>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using lemu::Arch;
using lemu::Result;
using lemu::qemu::test::ElfRecipe;
using lemu::qemu::test::make_elf;

TEST_CASE("a dynamic program's needs are read") {
  ElfRecipe recipe;
  recipe.interpreter = "/lib/ld-linux-aarch64.so.1";
  recipe.needed = {"libstdc++.so.6", "libc.so.6"};
  recipe.runpath = "$ORIGIN/lib";
  recipe.versions_needed = {"GLIBC_2.17", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE", "GCC_3.0"};
  const Result<ElfInfo> info = inspect_elf(make_elf(recipe));
  REQUIRE(info);
  CHECK(info->arch == Arch::arm64);
  CHECK(info->type == ElfType::relocatable);
  CHECK(info->interpreter == "/lib/ld-linux-aarch64.so.1");
  CHECK(info->needed == std::vector<std::string>{"libstdc++.so.6", "libc.so.6"});
  CHECK(info->runpath == "$ORIGIN/lib");
  CHECK(info->glibc_needed == GlibcVersion{2, 34});
  CHECK_FALSE(info->glibc_provided.has_value());
  CHECK_FALSE(info->is_static());
  CHECK_FALSE(info->is_library());
}

TEST_CASE("a library's name and the versions it defines are read") {
  ElfRecipe recipe;
  recipe.soname = "libc.so.6";
  recipe.versions_defined = {"libc.so.6", "GLIBC_2.17", "GLIBC_2.36", "GLIBC_2.35", "GLIBC_PRIVATE"};
  const Result<ElfInfo> info = inspect_elf(make_elf(recipe));
  REQUIRE(info);
  CHECK(info->soname == "libc.so.6");
  CHECK(info->glibc_provided == GlibcVersion{2, 36});
  CHECK(info->is_library());
}

TEST_CASE("a static program needs nothing") {
  const Result<ElfInfo> info = inspect_elf(make_elf({.machine = EM_X86_64, .type = ET_EXEC}));
  REQUIRE(info);
  CHECK(info->arch == Arch::x86_64);
  CHECK(info->type == ElfType::fixed);
  CHECK(info->is_static());
}

TEST_CASE("what Lambda has no machine for is refused in its own words") {
  struct Row {
    ElfRecipe recipe;
    const char* words;
  };
  const Row rows[] = {
      {{.machine = EM_386, .elf_class = ELFCLASS32}, "a 32-bit program (32-bit x86 (i386))"},
      {{.machine = EM_ARM, .elf_class = ELFCLASS32}, "a 32-bit program (32-bit ARM)"},
      {{.machine = EM_RISCV}, "a program for RISC-V"},
      {{.machine = EM_PPC64}, "a program for 64-bit PowerPC"},
      {{.machine = 4242}, "a program for ELF machine number 4242"},
      {{.data = ELFDATA2MSB}, "a big-endian program"},
      {{.data = 9}, "class or byte order"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    const Result<ElfInfo> info = inspect_elf(make_elf(row.recipe));
    REQUIRE_FALSE(info);
    CHECK(info.error().message.find(row.words) != std::string::npos);
    CHECK(info.error().kind == lemu::ErrorKind::bad_input);
  }
}

TEST_CASE("a file cut anywhere is refused or read, never read past its end") {
  ElfRecipe recipe;
  recipe.interpreter = "/lib/ld-linux-aarch64.so.1";
  recipe.needed = {"libc.so.6"};
  recipe.versions_needed = {"GLIBC_2.17", "GLIBC_2.34"};
  recipe.versions_defined = {"GLIBC_2.36"};
  const std::string whole = make_elf(recipe);
  REQUIRE(inspect_elf(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    // A heap block of the exact size lets the address sanitizer see an over-read.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(inspect_elf(std::string_view(cut.data(), cut.size())));
  }
}

TEST_CASE("every byte may lie") {
  ElfRecipe recipe;
  recipe.interpreter = "/lib/ld-linux-aarch64.so.1";
  recipe.needed = {"libc.so.6"};
  recipe.versions_needed = {"GLIBC_2.17", "GLIBC_2.34"};
  recipe.versions_defined = {"GLIBC_2.36"};
  const std::string whole = make_elf(recipe);
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char lie : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = lie;
      if (!inspect_elf(bytes)) ++refused;
    }
  CHECK(refused > 100);
}

TEST_CASE("glibc's version names") {
  struct Row {
    const char* name;
    std::optional<GlibcVersion> expected;
  };
  const Row rows[] = {
      {"GLIBC_2.34", GlibcVersion{2, 34}},
      {"GLIBC_2.2.5", GlibcVersion{2, 2}},
      {"GLIBC_ABI_DT_RELR", GlibcVersion{2, 36}},
      {"GLIBC_PRIVATE", std::nullopt},
      {"GLIBCXX_3.4.30", std::nullopt},
      {"GLIBC_2", std::nullopt},
      {"GLIBC_2.", std::nullopt},
      {"", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(parse_glibc_version(row.name) == row.expected);
  }
  CHECK(GlibcVersion{2, 4} < GlibcVersion{2, 34});
  CHECK(GlibcVersion{2, 34}.text() == "2.34");
}

TEST_CASE("this very test program is read from its file as from memory") {
  const Result<ElfInfo> info = inspect_elf_path("/proc/self/exe");
  REQUIRE(info);
  CHECK(info->arch == lemu::host_arch());
  const Result<std::string> bytes = lemu::read_file("/proc/self/exe", 1U << 30);
  REQUIRE(bytes);
  const Result<ElfInfo> same = inspect_elf(*bytes);
  REQUIRE(same);
  CHECK(same->needed == info->needed);
  CHECK(same->interpreter == info->interpreter);
}

TEST_CASE("names that add up to more than any program's are refused") {
  const std::string name(3000, 'n');
  ElfRecipe recipe;
  recipe.needed.assign(kMostNameBytes / name.size(), name);
  CHECK(inspect_elf(make_elf(recipe)));
  recipe.needed.push_back(name);
  const Result<ElfInfo> info = inspect_elf(make_elf(recipe));
  REQUIRE_FALSE(info);
  CHECK(info.error().message == "the ELF file is cut short or damaged (dynamic strings)");
}
