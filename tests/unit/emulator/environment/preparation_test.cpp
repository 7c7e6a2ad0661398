// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/preparation.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu;
using namespace lemu::emulator;
using lemu::qemu::SystemSource;
using lemu::qemu::test::kThisMachine;
using lemu::qemu::test::make_elf;
using lemu::qemu::test::TemporaryFolder;

namespace {

constexpr std::uint16_t kOtherMachine = kThisMachine == EM_X86_64 ? EM_AARCH64 : EM_X86_64;
const Arch kOther = host_arch() == Arch::x86_64 ? Arch::arm64 : Arch::x86_64;

std::string program_for(std::uint16_t machine) { return make_elf({.machine = machine, .type = ET_EXEC}); }

/// A package, and the folder that an environment has.
struct Bench {
  TemporaryFolder files;
  EnvironmentFolder folder = EnvironmentFolder::make(files.path + "/base").value();
  FunctionSetup setup;

  explicit Bench(const std::string& bootstrap) {
    setup.function.config.target = files.add("function/bootstrap", bootstrap);
    setup.libexec = "/opt/lemu/libexec";
    setup.search_path = files.path + "/empty";
  }
  Result<PreparedFunction> prepare() { return prepare_function(setup, folder); }
};

bool has_reason(const PreparedFunction& prepared, const std::string& choice) {
  return std::any_of(prepared.reasons.begin(), prepared.reasons.end(),
                     [&](const qemu::Reason& reason) { return reason.choice == choice; });
}

}  // namespace

TEST_CASE("a program for this machine runs on the host's own files") {
  Bench bench(program_for(kThisMachine));
  const Result<PreparedFunction> prepared = bench.prepare();
  REQUIRE(prepared);
  const qemu::LaunchRequest& request = prepared->request;
  CHECK(request.arch == host_arch());
  CHECK(request.bootstrap_file == bench.setup.function.config.target);
  CHECK(request.task_folder.empty());
  CHECK(request.root.source == SystemSource::host);
  CHECK_FALSE(request.emulator.has_value());
  CHECK_FALSE(request.script.has_value());
  CHECK(request.wrapper == "/opt/lemu/libexec/lemu-qemu-wrapper");
  CHECK(request.mount_point == bench.folder.mount_point());
  CHECK(request.tmp_folder.empty());
  CHECK(prepared->helper == "/opt/lemu/libexec/lemu-sandbox");
  CHECK(prepared->notes.empty());
  CHECK(has_reason(*prepared, "architecture: " + std::string(names_of(host_arch()).lambda)));
  CHECK(has_reason(*prepared, "system directories: the host's"));
}

TEST_CASE("a folder is shown whole") {
  Bench bench(program_for(kThisMachine));
  bench.setup.function.config.target = bench.files.path + "/function";
  const Result<PreparedFunction> prepared = bench.prepare();
  REQUIRE(prepared);
  CHECK(prepared->request.task_folder == bench.files.path + "/function");
  CHECK(prepared->request.bootstrap_file.empty());
}

TEST_CASE("the code that was inspected is held, and is known again") {
  Bench bench(program_for(kThisMachine));
  const Result<PreparedFunction> prepared = bench.prepare();
  REQUIRE(prepared);
  struct stat about {};
  REQUIRE(::stat(bench.setup.function.config.target.c_str(), &about) == 0);
  CHECK(prepared->code.valid());
  CHECK(prepared->request.code.inode == about.st_ino);
  CHECK(prepared->request.code.device == about.st_dev);

  const Result<PinnedCode> again = pin_code(prepared->request);
  REQUIRE(again);
  CHECK(again->identity.inode == about.st_ino);
  std::filesystem::remove(bench.setup.function.config.target);
  const Result<PinnedCode> gone = pin_code(prepared->request);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().slug == "package-gone");
}

TEST_CASE("/tmp is in memory, or a folder of the environment's") {
  Bench bench(program_for(kThisMachine));
  bench.setup.launch.folder = LaunchOptions::Folder::kept;
  const Result<PreparedFunction> prepared = bench.prepare();
  REQUIRE(prepared);
  CHECK(prepared->request.tmp_folder == bench.folder.path() + "/tmp");
}

TEST_CASE("a script is followed to the program that runs it") {
  Bench bench("#!/bin/sh -e\n");
  const Result<PreparedFunction> prepared = bench.prepare();
  REQUIRE(prepared);
  REQUIRE(prepared->request.script.has_value());
  CHECK(prepared->request.script->interpreter == "/bin/sh");
  CHECK(prepared->request.script->argument == "-e");
  CHECK(prepared->request.arch == host_arch());
}

TEST_CASE("a static program for the other architecture needs QEMU and no system directories") {
  Bench bench(program_for(kOtherMachine));
  const std::string name = "qemu-" + std::string(names_of(kOther).qemu);
  const std::string qemu = bench.files.add("bin/" + name, program_for(kThisMachine));
  bench.setup.search_path = bench.files.path + "/bin";
  const Result<PreparedFunction> prepared = bench.prepare();
  REQUIRE(prepared);
  const qemu::LaunchRequest& request = prepared->request;
  CHECK(request.arch == kOther);
  REQUIRE(request.emulator.has_value());
  CHECK(request.emulator->path == qemu);
  CHECK(request.emulator->loader.empty());
  CHECK(request.cpu == names_of(kOther).default_cpu);
  CHECK(request.root.source == SystemSource::none);
  CHECK_FALSE(request.binfmt_registration.empty());
  CHECK_FALSE(request.own_emulator);
  CHECK(prepared->qemu == qemu);
  CHECK(has_reason(*prepared, "QEMU: " + qemu));
  CHECK(has_reason(*prepared, "system directories: none"));
}

TEST_CASE("a defect of the function, of the options or of the host is named") {
  struct Case {
    std::string bootstrap;
    void (*change)(Bench&);
    const char* slug;
  };
  const std::string here = program_for(kThisMachine);
  const std::string other = program_for(kOtherMachine);
  const Case cases[] = {
      {here, [](Bench& b) { b.setup.function.config.arch = kOther; }, "program-wrong-architecture"},
      {other, [](Bench&) {}, "qemu-missing"},
      {other, [](Bench& b) { b.setup.launch.qemu = b.files.path + "/none"; }, "qemu-unusable"},
      {other, [](Bench& b) { b.setup.launch.qemu = b.setup.function.config.target; }, "qemu-unusable"},
      {here, [](Bench& b) { b.setup.launch.sysroot = b.files.path + "/none"; }, "sysroot-not-folder"},
      {here, [](Bench& b) { b.setup.launch.sysroot = b.setup.function.config.target; }, "sysroot-not-folder"},
      {"#!/no/such/interpreter\n", [](Bench&) {}, "script-interpreter-missing"},
      {"#!/var/task/bootstrap\n", [](Bench&) {}, "script-interpreter-is-script"},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    Bench bench(c.bootstrap);
    c.change(bench);
    const Result<PreparedFunction> prepared = bench.prepare();
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().slug == c.slug);
  }
}

TEST_CASE("an option without effect gets a note, and so does a program that is cut short") {
  struct Case {
    void (*change)(Bench&);
    const char* note;
  };
  const Case cases[] = {
      {[](Bench& b) { b.setup.launch.qemu = "/usr/bin/true"; }, "--qemu is not used: the function is for "},
      {[](Bench& b) { b.setup.launch.cpu = "max"; }, "--cpu is not used: the function is for "},
      {[](Bench& b) {
         b.setup.launch.sysroot = b.files.path;
         b.setup.launch.sandbox = qemu::SandboxChoice::off;
       },
       "--sysroot is not used: without a sandbox, "},
      {[](Bench& b) {
         const std::string whole = program_for(kThisMachine);
         b.files.add("function/bootstrap", whole.substr(0, whole.size() - 1));
       },
       "the bootstrap is cut short: it has "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.note);
    Bench bench(program_for(kThisMachine));
    c.change(bench);
    const Result<PreparedFunction> prepared = bench.prepare();
    REQUIRE(prepared);
    REQUIRE(prepared->notes.size() == 1);
    CHECK(prepared->notes[0].starts_with(c.note));
  }
}
