// SPDX-License-Identifier: Apache-2.0
#include "qemu/inspect.hpp"

#include <doctest/doctest.h>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using lemu::Arch;
using lemu::Result;
using lemu::qemu::test::make_elf;
using lemu::qemu::test::TemporaryFolder;

TEST_CASE("files that are no Linux program are named for what they are") {
  struct Row {
    std::string content;
    const char* words;
  };
  const std::string fat("\xca\xfe\xba\xbe\x00\x00\x00\x02", 8);
  const std::string java("\xca\xfe\xba\xbe\x00\x00\x00\x37", 8);
  const Row rows[] = {
      {"", "an empty file"},
      {"\xcf\xfa\xed\xfe\x0c", "a macOS program (64-bit Mach-O)"},
      {fat, "a macOS universal program"},
      {java, "a Java class file"},
      {"MZ\x90", "a Windows program (PE)"},
      {"PK\x03\x04", "a zip archive"},
      {std::string("\0asm\1\0\0\0", 8), "a WebAssembly module"},
      {"\xef\xbb\xbf#!/bin/sh\n", "UTF-8 byte order mark"},
      {"echo hello\n", "text without a #! line"},
      {std::string("\1\2\0\3", 4), "neither an ELF program nor a script"},
      {make_elf({.machine = EM_ARM, .elf_class = ELFCLASS32}), "a 32-bit program (32-bit ARM)"},
      {make_elf({.machine = EM_RISCV}), "a program for RISC-V"},
      {make_elf({.type = ET_REL}), "an object file"},
      {make_elf({.soname = "libx.so"}), "a shared library (libx.so)"},
      {make_elf({}).substr(0, 40), "cut short"},
      {"#!\n", "names no interpreter"},
  };
  TemporaryFolder folder;
  for (const Row& row : rows) {
    CAPTURE(row.words);
    const std::string path = folder.add("bootstrap", row.content);
    const Result<Program> program = inspect_program(path);
    REQUIRE_FALSE(program);
    CHECK(program.error().kind == lemu::ErrorKind::invalid_entrypoint);
    CHECK(program.error().message.starts_with(path + ": "));
    CHECK(program.error().message.find(row.words) != std::string::npos);
    CHECK(program.error().aws_message == "fork/exec /var/task/bootstrap: exec format error");
    CHECK_FALSE(program.error().remedy.empty());
  }
}

TEST_CASE("a file that cannot be executed for another reason") {
  TemporaryFolder folder;
  const std::string no_x = folder.add("no_x", "#!/bin/sh\n", 0644);
  const std::string windows = folder.add("windows", "#!/bin/sh\r\n");
  struct Row {
    std::string path;
    const char* words;
    const char* aws;
  };
  const Row rows[] = {
      {no_x, "not executable", "fork/exec /opt/bootstrap: permission denied"},
      {folder.path, "a directory", "fork/exec /opt/bootstrap: permission denied"},
      {folder.path + "/absent", "No such file", "fork/exec /opt/bootstrap: no such file or directory"},
      {no_x + "/below", "Not a directory", "fork/exec /opt/bootstrap: no such file or directory"},
      {windows, "CR LF", "fork/exec /opt/bootstrap: no such file or directory"},
      {"/dev/null", "not a regular file", "fork/exec /opt/bootstrap: permission denied"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const Result<Program> program = inspect_program(row.path, {.seen_as = "/opt/bootstrap"});
    REQUIRE_FALSE(program);
    CHECK(program.error().message.find(row.words) != std::string::npos);
    CHECK(program.error().aws_message == row.aws);
  }
  CHECK(inspect_program(no_x).error().remedy == "chmod +x " + no_x);
  CHECK(inspect_program(windows).error().remedy.find("dos2unix " + windows) != std::string::npos);
  // What a zip was unpacked to is not there any more.
  const ProgramNames packed{.told_as = "bootstrap in 'f.zip'", .remedied_as = "bootstrap"};
  for (const std::string& path : {no_x, windows}) {
    const lemu::Error error = inspect_program(path, packed).error();
    CHECK(error.message.starts_with("bootstrap in 'f.zip': "));
    CHECK(error.remedy.find(" bootstrap") != std::string::npos);
    CHECK((error.message + error.remedy).find(folder.path) == std::string::npos);
  }
}

TEST_CASE("programs and scripts are told apart, and an architecture that contradicts is named") {
  TemporaryFolder folder;
  const Result<Program> arm = inspect_program(folder.add("arm", make_elf({.type = ET_EXEC})));
  REQUIRE(arm);
  REQUIRE(arm->elf() != nullptr);
  CHECK(check_arch(*arm, Arch::arm64));
  const lemu::Status wrong = check_arch(*arm, Arch::x86_64);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == lemu::ErrorKind::invalid_entrypoint);
  CHECK(wrong.error().message.find("an arm64 program, but x86_64 was asked for") != std::string::npos);
  CHECK(wrong.error().remedy.find("--arch arm64") != std::string::npos);
  CHECK(wrong.error().remedy.find("GOARCH=amd64") != std::string::npos);
  CHECK(wrong.error().aws_message == "fork/exec /var/task/bootstrap: exec format error");

  const Result<Program> script = inspect_program(folder.add("script", "#!/bin/sh -e\n"));
  REQUIRE(script);
  REQUIRE(script->script() != nullptr);
  CHECK(script->script()->interpreter == "/bin/sh");
  CHECK(check_arch(*script, Arch::arm64));
}
