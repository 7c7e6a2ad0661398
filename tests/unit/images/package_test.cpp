// SPDX-License-Identifier: Apache-2.0
#include "images/package.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "images/archive.hpp"
#include "workspace.hpp"
#include "zip_builder.hpp"

namespace fs = std::filesystem;
using namespace lemu::images;
using namespace lemu::images::testing;

TEST_CASE("a target is told by its content, not by its name") {
  const Workspace work;
  const std::string zip = make_zip({{"bootstrap", "x", 0100755}});
  struct Row {
    std::string path;
    PackageKind expected;
  };
  const Row rows[] = {
      {work.file("bootstrap", "#!/bin/sh\n", 0755), PackageKind::bootstrap_file},
      {work.file("empty", "", 0755), PackageKind::bootstrap_file},
      {work.file("short", "PK", 0755), PackageKind::bootstrap_file},
      {work.file("f.zip", zip), PackageKind::zip},
      {work.file("F.ZIP", zip), PackageKind::zip},
      {work.file("noending", zip), PackageKind::zip},
      {work.file("empty.zip", make_zip({})), PackageKind::zip},
      {work.folder("folder"), PackageKind::folder},
      {work.folder("folder.zip"), PackageKind::folder},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const auto package = open_package(row.path);
    REQUIRE(package);
    CHECK(package->kind == row.expected);
    CHECK(package->path == fs::canonical(row.path));
    CHECK(package->given == row.path);
  }
}

TEST_CASE("targets that are no package are refused, each with its reason") {
  const Workspace work;
  REQUIRE(::mkfifo(work.at("pipe").c_str(), 0644) == 0);
  fs::create_symlink("gone", work.at("dangling"));
  struct Row {
    std::string path;
    std::string reason;
  };
  const Row rows[] = {
      {work.at("missing"), "No such file or directory"},
      {"", "No such file or directory"},
      {work.at("dangling"), "No such file or directory"},
      {work.file("plain", "x") + "/below", "Not a directory"},
      {work.at("pipe"), "is neither a file nor a folder"},
      {"/dev/null", "is neither a file nor a folder"},
      {work.file("a.zip", "hello"), "is not a zip: it is something else"},
      {work.file("b.zip", ""), "is not a zip: it is empty"},
      {work.file("c.ZIP", "\x1f\x8b..."), "is not a zip: it is gzip data"},
      {work.file("d.zip",
                 "\x7f"
                 "ELF"),
       "is not a zip: it is an ELF program"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const auto package = open_package(row.path);
    REQUIRE_FALSE(package);
    CHECK(package.error().kind == lemu::ErrorKind::bad_input);
    CHECK(contains(package.error().message, row.reason));
    CHECK(contains(package.error().message, "'" + row.path + "'"));
  }
}

TEST_CASE("an unreadable target is refused with the remedy") {
  const Workspace work;
  const std::string file = work.file("f", "x", 0000), folder = work.folder("d");
  REQUIRE(::chmod(folder.c_str(), 0000) == 0);
  REQUIRE(::chmod(work.at("").c_str(), 0755) == 0);
  // Root reads everything: the question is asked as somebody else then.
  const uid_t before = ::geteuid();
  constexpr uid_t kNobody = 65534;
  if (before == 0) REQUIRE(::setresuid(kNobody, kNobody, 0) == 0);
  const auto from_file = open_package(file), from_folder = open_package(folder);
  if (before == 0) REQUIRE(::setresuid(0, 0, 0) == 0);
  for (const auto* package : {&from_file, &from_folder}) {
    REQUIRE_FALSE(package->has_value());
    CHECK(contains(package->error().message, "Permission denied"));
    CHECK(contains(package->error().remedy, "chmod u+r"));
  }
}

TEST_CASE("a single bootstrap is mounted by itself, with a note when Lambda would not know its name") {
  const Workspace work;
  struct Row {
    std::string name;
    std::size_t notes;
  };
  for (const Row& row : {Row{"bootstrap", 0}, Row{"target/release/hello", 1}}) {
    const auto package = open_package(work.file(row.name, "x", 0755));
    REQUIRE(package);
    const auto code = prepare(*package, "");
    REQUIRE(code);
    CHECK(code->task_folder.empty());
    CHECK(code->bootstrap_file == work.at(row.name));
    CHECK(code->bootstrap_host_path == work.at(row.name));
    REQUIRE(code->notes.size() == row.notes);
    if (row.notes > 0) CHECK(contains(code->notes[0], "'hello' runs as /var/task/bootstrap"));
  }
}

TEST_CASE("a single bootstrap that is not executable is refused in Lambda's words and ours") {
  const Workspace work;
  const std::string path = work.file("bootstrap", "x", 0644);
  const auto code = prepare(open_package(path).value(), "");
  REQUIRE_FALSE(code);
  CHECK(code.error().kind == lemu::ErrorKind::invalid_entrypoint);
  CHECK(code.error().aws_message == "fork/exec /var/task/bootstrap: permission denied");
  CHECK(code.error().remedy == "chmod +x " + path);
}

TEST_CASE("a folder over Lambda's size limit gets a note, no error") {
  const Workspace work;
  work.file("pkg/bootstrap", "x", 0755);
  const std::string big = work.file("pkg/big", "");
  for (const auto& [size, notes] : {std::pair{kMostUnzipped - 1, 0U}, std::pair{kMostUnzipped, 1U}}) {
    REQUIRE(::truncate(big.c_str(), static_cast<off_t>(size)) == 0);
    const auto code = prepare(open_package(work.at("pkg")).value(), "");
    REQUIRE(code);
    CHECK(code->notes.size() == notes);
  }
}

TEST_CASE("paths are real: links on the way to a target are resolved") {
  const Workspace work;
  work.file("real/bootstrap", "x", 0755);
  fs::create_directory_symlink("real", work.at("link"));
  const auto code = prepare(open_package(work.at("link/.")).value(), "");
  REQUIRE(code);
  CHECK(code->task_folder == work.at("real"));
  CHECK(code->bootstrap_host_path == work.at("real/bootstrap"));
}

TEST_CASE("a zip made by zip(1) is unpacked, name by name" *
          doctest::skip(::access("/usr/bin/zip", X_OK) != 0)) {
  const Workspace work;
  work.file("src/bootstrap", "#!/bin/sh\n", 0755);
  work.file("src/lib/d\xc3\xa4ta", std::string(50'000, 'd'), 0640);
  fs::create_symlink("lib/d\xc3\xa4ta", work.at("src/link"));
  // Into a pipe zip(1) stores nothing, and links are stored: there it follows them.
  for (const char* piped : {"zip -qry ../f.zip .", "zip -qr - . | cat > ../f.zip"}) {
    CAPTURE(piped);
    fs::remove(work.at("f.zip"));
    fs::remove_all(work.at("out"));
    REQUIRE(std::system(("cd " + work.at("src") + " && " + piped).c_str()) == 0);
    const auto code = prepare(open_package(work.at("f.zip")).value(), work.folder("out"));
    REQUIRE(code);
    CHECK(mode_of(work.at("out/bootstrap")) == 0755);
    CHECK(mode_of(work.at("out/lib/d\xc3\xa4ta")) == 0640);
    CHECK(lemu::read_file(work.at("out/link"), 1 << 20).value() == std::string(50'000, 'd'));
  }
}
