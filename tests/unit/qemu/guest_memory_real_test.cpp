// SPDX-License-Identifier: Apache-2.0
// The split and the meter on real programs under every QEMU of this machine.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/guest_memory.hpp"
#include "qemu/guest_root.hpp"
#include "qemu/sandbox/wrapper_paths.hpp"
#include "tests/unit/qemu/capabilities.hpp"
#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::Result;

namespace {

constexpr std::uint64_t kMib = 1024 * 1024;

// Arguments: megabytes to touch, threads that touch 1 MB each, forked children. Says "ready", ends with its
// input.
constexpr const char* kSource = R"(
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static pthread_barrier_t barrier;
static void use(size_t size) {
  volatile char* memory = malloc(size);
  for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
}
static void* touch(void* unused) {
  use(1 << 20);
  pthread_barrier_wait(&barrier);
  pause();
  return unused;
}
int main(int argc, char** argv) {
  (void)argc;
  size_t size = (size_t)atoi(argv[1]) << 20;
  if (size) use(size);
  unsigned threads = (unsigned)atoi(argv[2]);
  pthread_barrier_init(&barrier, 0, threads + 1);
  for (unsigned i = 0; i < threads; ++i) {
    pthread_t thread;
    pthread_create(&thread, 0, touch, 0);
  }
  pthread_barrier_wait(&barrier);
  char end;
  for (int i = atoi(argv[3]); i > 0; --i)
    if (fork() == 0) { (void)!read(0, &end, 1); _exit(0); }
  (void)!write(1, "ready", 5);
  (void)!read(0, &end, 1);
  return 0;
}
)";

/// A program that has said "ready" and waits for the end of its input; ended with this object.
class Running {
 public:
  explicit Running(std::vector<std::string> command, bool with_malloc_environment) {
    lemu::Pipe input = *lemu::make_pipe();
    lemu::Pipe output = *lemu::make_pipe();
    posix_spawn_file_actions_t plan;
    ::posix_spawn_file_actions_init(&plan);
    ::posix_spawn_file_actions_adddup2(&plan, input.read_end.get(), 0);
    ::posix_spawn_file_actions_adddup2(&plan, output.write_end.get(), 1);
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables;
    if (with_malloc_environment)
      for (const lemu::sandbox::QemuVariable& entry : lemu::sandbox::kQemuEnvironment)
        variables.push_back(std::string(entry.name) + "=" + entry.value);
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, argv[0], &plan, nullptr, argv.data(), environment.data()) == 0);
    ::posix_spawn_file_actions_destroy(&plan);
    output.write_end.reset();
    std::string said(5, '\0');
    const Result<std::size_t> size =
        lemu::read_up_to(output.read_end.get(), std::as_writable_bytes(std::span<char>(said)));
    REQUIRE(size);
    REQUIRE(said == "ready");
    input_ = std::move(input.write_end);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    input_.reset();
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
  lemu::Fd input_;
};

std::uint64_t measured(const std::vector<std::string>& command) {
  const Running program(command, true);
  MemoryMeter meter({.helper = ::getpid(), .execution = Execution::emulated, .proc = "/proc"});
  const Result<MemoryFigure> peak = meter.peak();
  REQUIRE(peak);
  CHECK(peak->how == Obtained::sampled_and_split);
  const Result<std::uint64_t> at_most = meter.at_most();
  REQUIRE(at_most);
  CHECK(*at_most >= peak->bytes);
  return peak->bytes;
}

struct Linked {
  const char* name;
  std::vector<std::string> flags;
};

}  // namespace

TEST_CASE(
    "64 MB touched under QEMU come to 64 MB, nothing to nearly nothing, threads and children included") {
  const std::vector<QemuProgram> qemus = arm64_qemus();
  if (!have(!qemus.empty(), "qemu-aarch64")) return;
  TemporaryFolder folder;
  const std::string source = folder.add("touch.c", kSource, 0644);
  const bool cross = have(!cross_libraries(lemu::Arch::arm64).empty(), "libc6-arm64-cross");
  std::vector<Linked> kinds = {{"static", {"-static"}}, {"static-pie", {"-static-pie"}}};
  if (cross) kinds.push_back({"dynamic", {}});
  for (const Linked& kind : kinds) {
    const std::string program = folder.path + "/" + kind.name;
    if (!have(compile_arm64(source, program, kind.flags), "aarch64-linux-gnu-gcc")) return;
    for (const QemuProgram& qemu : qemus) {
      CAPTURE(qemu.path);
      CAPTURE(std::string(kind.name));
      const std::vector<std::string> base = {qemu.path, "-L", "/usr/aarch64-linux-gnu", program};
      const auto run = [&](const char* megabytes, const char* threads, const char* children) {
        std::vector<std::string> command = base;
        command.insert(command.end(), {megabytes, threads, children});
        return measured(command);
      };
      CHECK(run("0", "0", "0") < 4 * kMib);
      const std::uint64_t touched = run("64", "0", "0");
      CHECK(touched >= 64 * kMib);
      CHECK(touched < 68 * kMib);
      const std::uint64_t threaded = run("0", "8", "0");
      CHECK(threaded >= 8 * kMib);
      CHECK(threaded < 13 * kMib);
      const std::uint64_t forked = run("64", "0", "8");
      CHECK(forked >= 64 * kMib);
      CHECK(forked < 70 * kMib);
    }
  }
}
