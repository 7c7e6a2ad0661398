// SPDX-License-Identifier: Apache-2.0
#include "qemu/dynamic.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/unit/qemu/capabilities.hpp"
#include "tests/unit/qemu/elf_files.hpp"

using namespace lemu::qemu;
using namespace lemu::qemu::test;
using lemu::Arch;
using lemu::Result;

namespace {

constexpr const char* kLoader = "/lib/ld-linux-aarch64.so.1";

/// A root with a loader and a libc that provides glibc 2.36.
void add_glibc(const TemporaryFolder& folder, const std::string& libraries = "lib") {
  folder.add(libraries + "/ld-linux-aarch64.so.1", make_elf({.soname = "ld-linux-aarch64.so.1"}));
  folder.add(libraries + "/libc.so.6", make_elf({.interpreter = kLoader,
                                                 .needed = {"ld-linux-aarch64.so.1"},
                                                 .soname = "libc.so.6",
                                                 .versions_defined = {"GLIBC_2.17", "GLIBC_2.36"}}));
}

DynamicQuestion question(std::vector<std::string> needed, std::string runpath = "",
                         std::vector<std::string> versions = {}) {
  const std::string bytes = make_elf({.interpreter = kLoader,
                                      .needed = std::move(needed),
                                      .runpath = std::move(runpath),
                                      .versions_needed = std::move(versions)});
  return {*inspect_elf(bytes), "/var/task/bootstrap", {"/var/task/lib", "/opt/lib"}};
}

}  // namespace

TEST_CASE("libraries are found in the package, beside the program and in the root, and their own needs too") {
  TemporaryFolder root;
  TemporaryFolder package;
  add_glibc(root);
  root.add("usr/lib/aarch64-linux-gnu/libdeep.so",
           make_elf({.needed = {"libc.so.6"}, .soname = "libdeep.so"}));
  package.add("lib/libours.so", make_elf({.needed = {"libdeep.so"}, .soname = "libours.so"}));
  package.add("private/libnear.so", make_elf({.soname = "libnear.so"}));
  const GuestRoot tree({{root.path, "/"}, {package.path, "/var/task"}});
  const Result<DynamicProgram> found =
      resolve_dynamic(question({"libours.so", "libnear.so", "libc.so.6"}, "$ORIGIN/private"), tree);
  REQUIRE(found);
  CHECK(found->interpreter == root.path + kLoader);
  std::vector<std::string> hosts;
  for (const FoundLibrary& library : found->libraries) hosts.push_back(library.host);
  CHECK(hosts == std::vector<std::string>{package.path + "/lib/libours.so",
                                          package.path + "/private/libnear.so", root.path + "/lib/libc.so.6",
                                          root.path + "/usr/lib/aarch64-linux-gnu/libdeep.so"});
}

TEST_CASE("what is missing is named, with the ways out") {
  TemporaryFolder root;
  add_glibc(root);
  TemporaryFolder foreign;
  add_glibc(foreign);
  foreign.add("lib/ld-linux-aarch64.so.1", make_elf({.machine = EM_X86_64}));
  root.add("lib/libwrong.so", make_elf({.machine = EM_X86_64, .soname = "libwrong.so"}));
  root.add("lib/libchain.so", make_elf({.needed = {"libgone.so"}, .soname = "libchain.so"}));
  TemporaryFolder empty;
  struct Row {
    std::string host;
    DynamicQuestion asked;
    const char* words;
    const char* remedy;
  };
  const Row rows[] = {
      {empty.path, question({"libc.so.6"}), "interpreter /lib/ld-linux-aarch64.so.1 is not there",
       "libc6-arm64-cross"},
      {foreign.path, question({"libc.so.6"}), "is not an arm64 program", "--sysroot DIR"},
      {root.path, question({"libz.so.1"}), "the library libz.so.1, needed by /var/task/bootstrap",
       "CGO_ENABLED=0"},
      {root.path, question({"libstdc++.so.6"}), "libstdc++.so.6", "libstdc++6-arm64-cross"},
      {root.path, question({"libchain.so"}), "the library libgone.so, needed by libchain.so",
       "--sysroot DIR"},
      {root.path, question({"libwrong.so"}), "libwrong.so is not for arm64", "-static"},
      {root.path, question({"libc.so.6"}, "", {"GLIBC_2.38"}),
       "needs glibc 2.38, but the arm64 libraries here are of glibc 2.36", "glibc 2.36 or older"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    const Result<DynamicProgram> found = resolve_dynamic(row.asked, GuestRoot({{row.host, "/"}}));
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == lemu::ErrorKind::host_lacks);
    CHECK(found.error().message.find(row.words) != std::string::npos);
    CHECK(found.error().remedy.find(row.remedy) != std::string::npos);
  }
  CHECK(resolve_dynamic(question({"libc.so.6"}, "", {"GLIBC_2.36"}), GuestRoot({{root.path, "/"}})));
}

TEST_CASE("a static program needs nothing of the root") {
  const DynamicQuestion asked{*inspect_elf(make_elf({.type = ET_EXEC})), "/var/task/bootstrap", {}};
  const Result<DynamicProgram> found = resolve_dynamic(asked, GuestRoot());
  REQUIRE(found);
  CHECK(found->interpreter.empty());
  CHECK(found->libraries.empty());
}

TEST_CASE("a root's links are followed inside the root") {
  TemporaryFolder root;
  root.add("usr/lib/file", "x", 0644);
  REQUIRE(::symlink("usr/lib", (root.path + "/lib").c_str()) == 0);
  REQUIRE(::symlink("/usr/lib", (root.path + "/lib64").c_str()) == 0);
  REQUIRE(::symlink("../../../../usr/lib/file", (root.path + "/usr/lib/up").c_str()) == 0);
  REQUIRE(::symlink("round", (root.path + "/round").c_str()) == 0);
  REQUIRE(::symlink("/etc/passwd", (root.path + "/escape").c_str()) == 0);
  const GuestRoot tree({{root.path, "/"}});
  const std::string file = root.path + "/usr/lib/file";
  for (const char* path :
       {"/usr/lib/file", "/lib/file", "/lib64/file", "/lib/up", "//lib/./file", "/lib/../lib/file"}) {
    CAPTURE(path);
    CHECK(tree.find(path) == file);
  }
  for (const char* path : {"/round", "/escape", "/absent", "/lib/absent"}) {
    CAPTURE(path);
    CHECK_FALSE(tree.find(path).has_value());
  }
  // A mount covers what lies below it, and only that.
  TemporaryFolder layer;
  layer.add("tool", "x", 0644);
  const GuestRoot two({{root.path, "/"}, {layer.path, "/opt"}});
  CHECK(two.find("/opt/tool") == layer.path + "/tool");
  CHECK_FALSE(two.find("/optional/tool").has_value());
  CHECK(two.find("/opt/../lib/file") == file);
}

TEST_CASE("a real dynamic program runs on the distribution's cross libraries") {
  const std::vector<Mounted> mounts = cross_libraries(Arch::arm64);
  if (!have(!mounts.empty(), "libc6-arm64-cross")) return;
  TemporaryFolder folder;
  const std::string source =
      folder.add("main.c", "#include <pthread.h>\nint main(void) { return 0; }\n", 0644);
  if (!have(compile_arm64(source, folder.path + "/bootstrap", {}), "aarch64-linux-gnu-gcc")) return;
  const Result<ElfInfo> elf = inspect_elf_path(folder.path + "/bootstrap");
  REQUIRE(elf);
  GuestRoot tree(mounts);
  tree.add({folder.path, "/var/task"});
  const Result<DynamicProgram> found = resolve_dynamic({*elf, "/var/task/bootstrap", {}}, tree);
  REQUIRE(found);
  CHECK(found->interpreter.ends_with("/ld-linux-aarch64.so.1"));
  CHECK_FALSE(found->libraries.empty());
}
