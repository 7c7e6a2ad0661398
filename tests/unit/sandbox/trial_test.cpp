// SPDX-License-Identifier: Apache-2.0
// The built helper with the hand-made programs.
#include "qemu/trial.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/temporary_folder.hpp"
#include "qemu/elf.hpp"
#include "qemu/guarantees.hpp"
#include "qemu/interpreter.hpp"
#include "qemu/trial_program.hpp"
#include "tests/unit/qemu/capabilities.hpp"

using namespace lemu;
using namespace lemu::qemu;

namespace {

struct Bench {
  TemporaryFolder folder = [] {
    Result<TemporaryFolder> made = TemporaryFolder::make("lemu-test-");
    REQUIRE(made);
    return std::move(*made);
  }();
  TrialBench bench{.helper = LEMU_SANDBOX_HELPER,
                   .wrapper = LEMU_QEMU_WRAPPER,
                   .emulator = std::nullopt,
                   .host_registration = std::nullopt,
                   .parent = folder.path()};
};

}  // namespace

TEST_CASE("the trial programs are what they are taken for") {
  for (Arch arch : {Arch::x86_64, Arch::arm64}) {
    const Result<ElfInfo> elf = inspect_elf(trial_program(arch));
    REQUIRE(elf);
    CHECK(elf->arch == arch);
    CHECK(elf->type == ElfType::fixed);
    CHECK(elf->is_static());
  }
}

TEST_CASE("a native program without a sandbox works everywhere, and leaves no file") {
  const Bench b;
  const Result<Trial> trial = try_launch(b.bench, host_arch(), SandboxChoice::off, LaunchChoice::automatic);
  REQUIRE(trial);
  CHECK(trial->text() == "works");
  CHECK(trial->execution == ExecutionMode::native);
  for (const GuaranteeRow& row : guarantees())
    CHECK(is_lost(row.guarantee, trial->lost) == (row.given_by == GivenBy::sandbox));
  CHECK(std::filesystem::is_empty(b.folder.path()));
}

TEST_CASE("a sandboxed trial works, or says at which step it was refused") {
  const Bench b;
  const Result<Trial> trial = try_launch(b.bench, host_arch(), SandboxChoice::on, LaunchChoice::automatic);
  REQUIRE(trial);
  REQUIRE(trial->outcome != Outcome::wrong);
  CHECK((trial->outcome == Outcome::refused) == (trial->os_error != 0));
  CHECK((trial->outcome == Outcome::refused) == !trial->step.empty());
}

TEST_CASE("without a QEMU a foreign trial is an error") {
  const Bench b;
  const Arch foreign = host_arch() == Arch::arm64 ? Arch::x86_64 : Arch::arm64;
  const Result<Trial> trial = try_launch(b.bench, foreign, SandboxChoice::off, LaunchChoice::automatic);
  REQUIRE_FALSE(trial);
  CHECK(trial.error().kind == ErrorKind::host_lacks);
}

TEST_CASE("a QEMU that does not emulate is told by its program's end and words") {
  Bench b;
  b.bench.emulator = Emulator{"/bin/echo", "", {}};
  const Arch foreign = host_arch() == Arch::arm64 ? Arch::x86_64 : Arch::arm64;
  const Result<Trial> trial = try_launch(b.bench, foreign, SandboxChoice::off, LaunchChoice::direct);
  REQUIRE(trial);
  CHECK(trial->outcome == Outcome::wrong);
  CHECK(trial->text().starts_with("ended with exit code 0: -cpu "));
}

TEST_CASE("an answer that does not come is waited for no longer than asked") {
  Bench b;
  b.bench.emulator = Emulator{"/bin/sleep", "", {}};
  b.bench.patience = std::chrono::milliseconds(0);
  const Arch foreign = host_arch() == Arch::arm64 ? Arch::x86_64 : Arch::arm64;
  const Result<Trial> trial = try_launch(b.bench, foreign, SandboxChoice::off, LaunchChoice::direct);
  REQUIRE(trial);
  CHECK(trial->text() == "gave no answer within 0 ms");
}

TEST_CASE("the foreign trial program runs by the QEMU of this machine") {
  const char* path = std::getenv("PATH");
  const Arch foreign = host_arch() == Arch::arm64 ? Arch::x86_64 : Arch::arm64;
  const std::vector<QemuProgram> found = all_qemus(foreign, path == nullptr ? "/usr/bin" : path);
  if (!test::have(!found.empty(), foreign == Arch::arm64 ? "qemu-aarch64" : "qemu-x86_64")) return;
  for (const QemuProgram& qemu : found) {
    CAPTURE(qemu.path);
    Result<SharedLibraries> libraries = shared_libraries(qemu);
    REQUIRE(libraries);
    Bench b;
    b.bench.emulator = Emulator{qemu.path, libraries->loader, libraries->files};
    const Result<Trial> trial = try_launch(b.bench, foreign, SandboxChoice::off, LaunchChoice::direct);
    REQUIRE(trial);
    CHECK(trial->text() == "works");
    CHECK(trial->execution == ExecutionMode::direct);
  }
}
