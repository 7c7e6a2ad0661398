// SPDX-License-Identifier: Apache-2.0
#include "images/bootstrap.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "images/errors.hpp"
#include "images/package.hpp"
#include "workspace.hpp"
#include "zip_builder.hpp"

namespace fs = std::filesystem;
using namespace lemu::images;
using namespace lemu::images::testing;

namespace {

/// The parts of a package, as a folder on disk.
std::string make_folder(const Workspace& work, const std::vector<Part>& parts) {
  const std::string root = work.folder("pkg");
  for (const Part& part : parts) {
    const std::string path = root + "/" + part.name;
    if ((part.mode & S_IFMT) == S_IFDIR)
      fs::create_directories(path);
    else if ((part.mode & S_IFMT) == S_IFLNK)
      fs::create_symlink(part.content, path);
    else
      work.file("pkg/" + part.name, part.content, part.mode & 07777);
  }
  return root;
}

lemu::Result<FunctionCode> prepare_target(const Workspace& work, const std::string& target) {
  const lemu::Result<Package> package = open_package(target);
  REQUIRE(package);
  return prepare(*package, work.folder("out"));
}

struct Missing {
  std::string name;
  std::vector<Part> parts;
  std::string aws;
  std::string message;
  std::string folder_remedy;
  std::string zip_remedy;
};

void check(const lemu::Result<FunctionCode>& code, const Missing& row, const std::string& remedy) {
  REQUIRE_FALSE(code);
  CAPTURE(code.error().message);
  CAPTURE(code.error().remedy);
  CHECK(code.error().kind == lemu::ErrorKind::invalid_entrypoint);
  CHECK(code.error().aws_message == row.aws);
  CHECK(contains(code.error().message, row.message));
  CHECK(contains(code.error().remedy, remedy));
}

}  // namespace

TEST_CASE("a package without a bootstrap that runs says what is wrong, in a folder and in a zip") {
  const std::string none = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
  const std::string denied = "fork/exec /var/task/bootstrap: permission denied";
  const Missing rows[] = {
      {"other case",
       {{"Bootstrap", "x", 0100755}},
       none,
       "found 'Bootstrap', but Lambda runs a file named bootstrap",
       "pkg/bootstrap",
       "mv Bootstrap bootstrap, then zip it again"},
      {"main",
       {{"main", "x", 0100755}, {"other", "x", 0100755}},
       none,
       "found 'main'",
       "rename it",
       "mv main bootstrap"},
      {"exe", {{"bootstrap.exe", "x", 0100644}}, none, "found 'bootstrap.exe'", "rename it", "rename it"},
      {"sh", {{"a", "x"}, {"bootstrap.sh", "x"}}, none, "found 'bootstrap.sh'", "rename it", "rename it"},
      {"only program",
       {{"data", "x"}, {"server", "x", 0100755}},
       none,
       "found 'server'",
       "rename it",
       "rename it"},
      {"level",
       {{"dist/bootstrap", "x", 0100755}},
       none,
       "found 'dist/bootstrap', but Lambda looks only at the top",
       "pkg/dist instead",
       "cd dist && zip -r ../function.zip ."},
      {"two levels",
       {{"a/b/bootstrap", "x", 0100755}},
       none,
       "found 'a/b/bootstrap'",
       "pkg/a/b instead",
       "cd a/b && zip -r ../../function.zip ."},
      {"shallowest",
       {{"a/b/bootstrap", "x"}, {"z/bootstrap", "x"}},
       none,
       "found 'z/bootstrap'",
       "pkg/z",
       "cd z "},
      {"level before program",
       {{"d/bootstrap", "x"}, {"tool", "x", 0100755}},
       none,
       "found 'd/bootstrap'",
       "",
       ""},
      {"nothing",
       {{"index.js", "x"}},
       none,
       "has no bootstrap at its top",
       "executable file named bootstrap",
       "executable file named bootstrap"},
      {"empty", {}, none, "it is empty", "executable file", "executable file"},
      {"folder",
       {{"bootstrap/", "", 0040755}},
       none,
       "is a folder, not a file",
       "rename the folder",
       "rename"},
      {"mode",
       {{"bootstrap", "x", 0100644}},
       denied,
       "is not executable (mode 0644)",
       "chmod +x ",
       "chmod +x bootstrap, then zip it again"},
      {"dangling",
       {{"bootstrap", "gone", 0120777}},
       none,
       "is a link to 'gone', which does not exist",
       "file itself",
       "file itself"},
      {"loop",
       {{"bootstrap", "bootstrap", 0120777}},
       none,
       "which cannot be followed",
       "file itself",
       "file itself"},
  };
  for (const Missing& row : rows) {
    CAPTURE(row.name);
    const Workspace work;
    check(prepare_target(work, make_folder(work, row.parts)), row, row.folder_remedy);
    check(prepare_target(work, work.file("f.zip", make_zip(row.parts))), row, row.zip_remedy);
  }
}

TEST_CASE(
    "a bootstrap of a zip made on Windows cannot be executed, and the remedy says how to make one that can") {
  const Workspace work;
  const Missing row{"", {}, std::string(kBootstrapDenied), "the zip carries no Unix permissions", "", ""};
  check(prepare_target(work, work.file("f.zip", make_zip({{"bootstrap", "x", 0, 0}}))), row,
        "build-lambda-zip");
}

TEST_CASE("a bootstrap that leads out of the package is refused, whatever is there on this machine") {
  struct Row {
    std::string target;
    std::string message;
  };
  const Workspace elsewhere;
  elsewhere.file("real", "x", 0755);
  const Row rows[] = {
      {elsewhere.at("real"), "is a link to '" + elsewhere.at("real") + "'"},
      {"../out/real", "which leads out of it"},
      {"/bin/sh", "which leads out of it"},
      {"../../bin/sh", "which leads out of it"},
      {"/var/task", "which leads out of it"},
      {"/var/task2/real", "which leads out of it"},
      {"..", "which leads out of it"},
      {"/opt/bootstrap", "and /opt is empty when a function starts"},
      {"../../opt/bootstrap", "and /opt is empty when a function starts"},
      {"/tmp/bootstrap", "and /tmp is empty when a function starts"},
      {"/var/task/gone", "which does not exist"},
      {"/var/task/bootstrap", "which cannot be followed"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const Workspace work;
    const Missing wanted{"", {}, std::string(kNoBootstrap), row.message, "", ""};
    const std::vector<Part> parts{{"bootstrap", row.target, 0120777}};
    check(prepare_target(work, make_folder(work, parts)), wanted, "put the file itself there");
    check(prepare_target(work, work.file("f.zip", make_zip(parts))), wanted, "put the file itself there");
  }
}

TEST_CASE("a link is followed as at /var/task, and it is told where this host's kernel would not come") {
  struct Row {
    std::string target;
    bool same_on_host;
  };
  const Row rows[] = {{"bin/real", true},
                      {"./bin/../bin/real", true},
                      {"/var/task/bin/real", false},
                      {"/var/../var/task/bin/real", false},
                      {"../task/bin/real", false},
                      {"../../var/task/bin/real", false},
                      {"/../../var/task/hop/real", false}};
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const Workspace work;
    const std::vector<Part> parts{
        {"bin/real", "x", 0100755}, {"hop", "/var/task/bin", 0120777}, {"bootstrap", row.target, 0120777}};
    for (const std::string& target : {make_folder(work, parts), work.file("f.zip", make_zip(parts))}) {
      const auto code = prepare_target(work, target);
      REQUIRE(code);
      CHECK(code->bootstrap_host_path == code->task_folder + "/bin/real");
      CHECK(code->bootstrap_same_on_host == row.same_on_host);
    }
  }
}

TEST_CASE("sockets and named pipes of a folder are found, wherever they lie, and are not followed") {
  const Workspace work;
  const std::string folder =
      make_folder(work, {{"bootstrap", "x", 0100755}, {"deep/er/", "", 0040755}, {"l", "deep", 0120777}});
  REQUIRE(::mkfifo((folder + "/pipe").c_str(), 0600) == 0);
  REQUIRE(::mknod((folder + "/deep/er/socket").c_str(), S_IFSOCK | 0600, 0) == 0);
  const auto code = prepare_target(work, folder);
  REQUIRE(code);
  std::vector<std::string> channels = code->channels;
  std::sort(channels.begin(), channels.end());
  CHECK(channels == std::vector<std::string>{"deep/er/socket", "pipe"});
  REQUIRE(code->notes.size() == 1);
  CHECK(contains(code->notes[0], "holds a socket or named pipe"));
  for (int i = 0; i < 100; ++i) REQUIRE(::mkfifo((folder + "/p" + std::to_string(i)).c_str(), 0600) == 0);
  const auto refused = prepare_target(work, folder);
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().message, "more than 100 sockets and named pipes"));
}

TEST_CASE("a bootstrap is found, directly or through links inside the package, in a folder and in a zip") {
  const std::vector<Part> packages[] = {
      {{"bootstrap", "x", 0100755}},
      {{"bin/real", "x", 0100755}, {"bootstrap", "bin/real", 0120777}},
      {{"bin/real", "x", 0100755},
       {"bin/hop", "../bin2", 0120777},
       {"bin2", "bin/real", 0120777},
       {"bootstrap", "bin/hop", 0120777}},
  };
  for (const std::vector<Part>& parts : packages) {
    const Workspace work;
    const std::string real = parts.front().name;
    const auto folder = prepare_target(work, make_folder(work, parts));
    REQUIRE(folder);
    CHECK(folder->task_folder == work.at("pkg"));
    CHECK(folder->bootstrap_host_path == work.at("pkg/" + real));
    CHECK(folder->bootstrap_file.empty());
    CHECK(folder->notes.empty());
    const auto zip = prepare_target(work, work.file("f.zip", make_zip(parts)));
    REQUIRE(zip);
    CHECK(zip->task_folder == work.at("out"));
    CHECK(zip->bootstrap_host_path == work.at("out/" + real));
    CHECK(zip->notes.empty());
  }
}

TEST_CASE("a bootstrap that not all may run is refused: Lambda runs it as another user than its owner") {
  for (const mode_t mode : {0100700, 0100750, 0100754}) {
    const Workspace work;
    const std::vector<Part> parts{{"bootstrap", "x", mode}};
    const std::string folder = make_folder(work, parts);
    for (const std::string& target : {folder, folder + "/bootstrap", work.file("f.zip", make_zip(parts))}) {
      const auto code = prepare_target(work, target);
      REQUIRE_FALSE(code);
      CHECK(code.error().kind == lemu::ErrorKind::invalid_entrypoint);
      CHECK(contains(code.error().message, "not executable for all (mode 07"));
      CHECK(contains(code.error().remedy, "chmod 755 "));
      CHECK(contains(code.error().aws_message, "permission denied"));
    }
  }
}

TEST_CASE("a bootstrap that not all may read gets a note") {
  const Workspace work;
  const auto code = prepare_target(work, make_folder(work, {{"bootstrap", "x", 0100711}}));
  REQUIRE(code);
  REQUIRE(code->notes.size() == 1);
  CHECK(contains(code->notes[0], "chmod 755"));
}
