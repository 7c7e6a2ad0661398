// SPDX-License-Identifier: Apache-2.0
#include "qemu/host_binfmt.hpp"

#include <doctest/doctest.h>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::Arch;
using lemu::Result;

namespace {

constexpr const char* kArm64 =
    "enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: POF\noffset 0\n"
    "magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";
constexpr const char* kPython =
    "enabled\ninterpreter /usr/bin/python3.11\nflags: \noffset 0\nmagic a70d0d0a\n";
constexpr const char* kByExtension = "enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n";

}  // namespace

TEST_CASE("the line that registers QEMU is Debian's") {
  const Result<std::string> arm = registration_line("lemu-arm64", Arch::arm64, "/dev/lemu/wrapper");
  REQUIRE(arm);
  CHECK(*arm ==
        ":lemu-arm64:M::"
        R"(\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00)"
        R"(:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff)"
        ":/dev/lemu/wrapper:FP");
  const Result<std::string> x86 = registration_line("lemu-x86_64", Arch::x86_64, "/dev/lemu/wrapper");
  REQUIRE(x86);
  CHECK(x86->find(R"(\x02\x00\x3e\x00:)") != std::string::npos);
  for (const std::string& bad :
       {std::string(), std::string("/a:b"), std::string("/a\nb"), std::string(128, 'x')}) {
    CAPTURE(bad);
    CHECK_FALSE(registration_line("lemu", Arch::arm64, bad));
  }
}

TEST_CASE("the host's registrations are read, and the one that takes a program is found") {
  TemporaryFolder folder;
  folder.add("status", "enabled\n", 0644);
  folder.add("register", "", 0200);
  folder.add("qemu-aarch64", kArm64, 0644);
  folder.add("python3.11", kPython, 0644);
  folder.add("wine", kByExtension, 0644);
  const Result<HostBinfmt> host = read_host_binfmt(folder.path);
  REQUIRE(host);
  CHECK(host->mounted == Switch::on);
  CHECK(host->state == Switch::on);
  REQUIRE(host->registrations.size() == 3);
  const Registration* taker = host->taker_of(Arch::arm64);
  REQUIRE(taker != nullptr);
  CHECK(taker->name == "qemu-aarch64");
  CHECK(taker->interpreter == "/usr/libexec/qemu-binfmt/aarch64-binfmt-P");
  CHECK(taker->flags == "POF");
  CHECK(host->taker_of(Arch::x86_64) == nullptr);
  CHECK(taker->takes(make_elf({.type = ET_EXEC})));
  CHECK(taker->takes(make_elf({.type = ET_DYN})));
  CHECK_FALSE(taker->takes(make_elf({.type = ET_REL, .elf_class = ELFCLASS32})));
  CHECK_FALSE(taker->takes(make_elf({}).substr(0, 19)));
}

TEST_CASE("what is switched off takes nothing") {
  struct Row {
    const char* status;
    std::string registration;
  };
  const std::string disabled = "disabled" + std::string(kArm64).substr(7);
  for (const Row& row : {Row{"disabled\n", kArm64}, Row{"enabled\n", disabled}}) {
    CAPTURE(row.status);
    TemporaryFolder folder;
    folder.add("status", row.status, 0644);
    folder.add("qemu-aarch64", row.registration, 0644);
    const Result<HostBinfmt> host = read_host_binfmt(folder.path);
    REQUIRE(host);
    REQUIRE(host->registrations.size() == 1);
    CHECK(host->taker_of(Arch::arm64) == nullptr);
  }
}

TEST_CASE("a host without binfmt_misc is no error") {
  TemporaryFolder folder;
  for (const std::string& path : {folder.path, folder.path + "/absent"}) {
    const Result<HostBinfmt> host = read_host_binfmt(path);
    REQUIRE(host);
    CHECK(host->mounted == Switch::off);
    CHECK(host->taker_of(Arch::arm64) == nullptr);
  }
}

TEST_CASE("unreadable registrations are named") {
  for (const char* text : {"", "enabled\noffset x\n", "enabled\nmagic 7\n", "enabled\nmask zz\n"}) {
    CAPTURE(text);
    const Result<Registration> registration = parse_registration("odd", text);
    REQUIRE_FALSE(registration);
    CHECK(registration.error().message.find("odd") != std::string::npos);
  }
}
