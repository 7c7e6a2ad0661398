// SPDX-License-Identifier: Apache-2.0
#include "qemu/interpreter.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/unit/qemu/capabilities.hpp"
#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::Arch;
using lemu::ErrorKind;
using lemu::Result;

namespace {

constexpr std::uint16_t kHostMachine = kThisMachine;
constexpr std::uint16_t kOtherMachine = kHostMachine == EM_X86_64 ? EM_AARCH64 : EM_X86_64;

std::string host_program(const std::string& interpreter = "") {
  ElfRecipe recipe;
  recipe.machine = kHostMachine;
  recipe.interpreter = interpreter;
  return make_elf(recipe);
}

}  // namespace

TEST_CASE("the path is searched for the static QEMU first, then for the other") {
  TemporaryFolder folder;
  const std::string dynamic = folder.add("a/qemu-aarch64", host_program("/lib/ld.so"));
  const std::string fixed = folder.add("b/qemu-aarch64-static", host_program());
  folder.add("c/qemu-x86_64-static", host_program());
  folder.add("d/qemu-aarch64-static", make_elf({.machine = kOtherMachine}));
  folder.add("e/qemu-aarch64-static", "#!/bin/sh\n");
  folder.add("f/qemu-aarch64-static", host_program(), 0644);

  struct Row {
    std::string path;
    std::string expected;
    Linkage linkage;
  };
  const std::string& base = folder.path;
  const Row rows[] = {
      {base + "/a:" + base + "/b", fixed, Linkage::self_contained},
      {base + "/b", fixed, Linkage::self_contained},
      {base + "/a", dynamic, Linkage::shared_libraries},
      {"::/nonexistent:" + base + "/a:", dynamic, Linkage::shared_libraries},
      {base + "/d:" + base + "/e:" + base + "/b", fixed, Linkage::self_contained},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const Result<QemuProgram> qemu = find_qemu(Arch::arm64, {.given = {}, .path = row.path});
    REQUIRE(qemu);
    CHECK(qemu->path == row.expected);
    CHECK(qemu->linkage == row.linkage);
    CHECK(qemu->guest == Arch::arm64);
  }
  CHECK(all_qemus(Arch::arm64, base + "/a:" + base + "/b:" + base + "/a").size() == 2);

  const Result<QemuProgram> none = find_qemu(Arch::arm64, {.given = {}, .path = base + "/c:" + base + "/d"});
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::host_lacks);
  CHECK(none.error().remedy.find("apt install qemu-user-static") != std::string::npos);
}

TEST_CASE("a given QEMU must be one") {
  TemporaryFolder folder;
  struct Row {
    std::string path;
    const char* words;
  };
  const Row rows[] = {
      {folder.path + "/absent", "No such file"},
      {folder.add("text", "hello"), "not an ELF file"},
      {folder.add("no_x", host_program(), 0644), "Permission denied"},
      {folder.add("other", make_elf({.machine = kOtherMachine})), "while this machine is"},
      {"/bin/true", "not QEMU's user-mode emulator for arm64"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const Result<QemuProgram> qemu = find_qemu(Arch::arm64, {.given = row.path, .path = "/usr/bin"});
    REQUIRE_FALSE(qemu);
    CHECK(qemu.error().kind == ErrorKind::bad_usage);
    CHECK(qemu.error().message.starts_with("--qemu: "));
    CHECK(qemu.error().message.find(row.words) != std::string::npos);
    CHECK(qemu.error().remedy.find("qemu-aarch64") != std::string::npos);
  }
}

TEST_CASE("the QEMUs of this machine tell their version and their libraries") {
  const std::vector<QemuProgram> qemus = arm64_qemus();
  if (!have(!qemus.empty(), "qemu-aarch64")) return;
  for (const QemuProgram& qemu : qemus) {
    CAPTURE(qemu.path);
    const Result<std::string> version = qemu_version(qemu);
    REQUIRE(version);
    CHECK(version->find('.') != std::string::npos);
    CHECK(find_qemu(Arch::arm64, {.given = qemu.path, .path = ""}));
    const Result<QemuProgram> for_other = find_qemu(Arch::x86_64, {.given = qemu.path, .path = ""});
    REQUIRE_FALSE(for_other);
    CHECK(for_other.error().message.find("emulator for x86_64") != std::string::npos);

    const Result<SharedLibraries> libraries = shared_libraries(qemu);
    REQUIRE(libraries);
    CHECK(libraries->files.empty() == (qemu.linkage == Linkage::self_contained));
    CHECK(libraries->loader.empty() == (qemu.linkage == Linkage::self_contained));
    for (const std::string& file : libraries->files) {
      CAPTURE(file);
      CHECK(::access(file.c_str(), R_OK) == 0);
      CHECK(file != libraries->loader);
    }
  }
}
