// SPDX-License-Identifier: Apache-2.0
#include "base/named_files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/syscall.hpp"
#include "base/temporary_folder.hpp"

using namespace lemu;

namespace {

namespace fs = std::filesystem;

constexpr uid_t kAnother = 12345;

mode_t mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::lstat(path.c_str(), &about) == 0);
  return about.st_mode & 07777;
}

std::string folder_in(const TemporaryFolder& work, const std::string& name, mode_t mode) {
  const std::string path = work.path() + "/" + name;
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  return path;
}

/// What refused `path`; empty when nothing did.
std::string refusal(const Status& status) { return status ? "" : std::string(status.error().slug); }

/// The umask, for as long as it lives.
struct Umask {
  explicit Umask(mode_t mask) : before(::umask(mask)) {}
  ~Umask() { ::umask(before); }
  mode_t before;
};

std::size_t count_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a folder that others may write is no place for a file, unless it is sticky") {
  const TemporaryFolder work = TemporaryFolder::make("lemu-test-named").value();
  struct Row {
    mode_t mode;
    const char* refused;
  };
  for (const Row& row : {Row{0700, ""}, Row{0755, ""}, Row{0751, ""}, Row{01777, ""}, Row{01703, ""},
                         Row{0777, "place-open-to-others"}, Row{0702, "place-open-to-others"},
                         Row{0757, "place-open-to-others"}}) {
    CAPTURE(row.mode);
    const std::string folder = folder_in(work, std::to_string(row.mode), row.mode);
    CHECK(refusal(check_way_to(folder + "/file")) == row.refused);
    const std::string below = folder_in(work, std::to_string(row.mode) + "/below", 0700);
    CHECK(refusal(check_way_to(below + "/file")) == row.refused);
    CHECK(refusal(write_file_atomically(below + "/file", "x")) == row.refused);
    CHECK(open_named_file(below + "/other", 0644).has_value() == (*row.refused == '\0'));
    CHECK(refusal(make_private_folders(below + "/a/b")) == row.refused);
    CHECK(fs::exists(below + "/file") == (*row.refused == '\0'));
    CHECK(fs::exists(below + "/a") == (*row.refused == '\0'));
  }
}

TEST_CASE("a folder, a link or a file of another user is refused") {
  if (::geteuid() != 0) return;  // only root can give files away
  const TemporaryFolder work = TemporaryFolder::make("lemu-test-named").value();
  const std::string theirs = folder_in(work, "theirs", 0755);
  const std::string ours = folder_in(work, "theirs/ours", 0700);
  const std::string link = work.path() + "/link", place = folder_in(work, "place", 0700);
  fs::create_directory_symlink(place, link);
  const std::string file = work.path() + "/file";
  REQUIRE(write_file(file, "before"));
  REQUIRE(::chown(theirs.c_str(), kAnother, kAnother) == 0);
  REQUIRE(::lchown(link.c_str(), kAnother, kAnother) == 0);
  REQUIRE(::chown(file.c_str(), kAnother, kAnother) == 0);
  for (const std::string& path : {theirs + "/x", ours + "/x", link + "/x"}) {
    CAPTURE(path);
    CHECK(refusal(check_way_to(path)) == "place-of-others");
    CHECK_FALSE(open_named_file(path, 0644));
    CHECK_FALSE(write_file_atomically(path, "x"));
    CHECK_FALSE(make_private_folders(path));
    CHECK_FALSE(fs::exists(path));
  }
  CHECK(open_named_file(file, 0644).error().slug == "file-of-others");
  CHECK(*read_file(file, 100) == "before");
}

TEST_CASE("a named file is written where its name leads") {
  const TemporaryFolder work = TemporaryFolder::make("lemu-test-named").value();
  const std::string file = work.path() + "/file", link = work.path() + "/link";
  REQUIRE(write_file(file, "before"));
  fs::create_symlink(file, link);
  REQUIRE(write_all(open_named_file(link, 0644)->get(), "x"));
  CHECK(*read_file(file, 100) == "x");
  const Pipe pipe = *make_pipe();
  const std::string through = "/dev/fd/" + std::to_string(pipe.write_end.get());
  REQUIRE(write_all(open_named_file(through, 0644)->get(), "y"));
  CHECK(open_named_file("/dev/null", 0644));
  CHECK(open_named_file(work.path(), 0644).error().os_error == EISDIR);
  CHECK(open_named_file(work.path() + "/no/file", 0644).error().os_error == ENOENT);
}

TEST_CASE("what is private is so whatever the umask") {
  for (const mode_t mask : {0, 022, 077, 0277, 0777}) {
    CAPTURE(mask);
    const TemporaryFolder work = TemporaryFolder::make("lemu-test-named").value();
    const Umask umask(mask);
    REQUIRE(make_private_folders(work.path() + "/a/b/c/"));
    for (const char* folder : {"/a", "/a/b", "/a/b/c"}) CHECK(mode_of(work.path() + folder) == 0700);
    REQUIRE(open_private_file(work.path() + "/a/file", O_RDWR));
    CHECK(mode_of(work.path() + "/a/file") == 0600);
    REQUIRE(write_file_atomically(work.path() + "/a/whole", "x", 0600));
    CHECK(mode_of(work.path() + "/a/whole") == 0600);
  }
  const TemporaryFolder work = TemporaryFolder::make("lemu-test-named").value();
  const Umask umask(027);
  REQUIRE(write_file_atomically(work.path() + "/port", "x"));
  CHECK(mode_of(work.path() + "/port") == 0640);
}

TEST_CASE("nothing that lies at a guessed name is written through, and nothing is left beside") {
  const TemporaryFolder work = TemporaryFolder::make("lemu-test-named").value();
  const std::string file = work.path() + "/file", victim = work.path() + "/victim";
  REQUIRE(write_file(victim, "kept"));
  fs::create_symlink(victim, file + ".tmp" + std::to_string(::getpid()));
  fs::create_symlink(victim, file);
  REQUIRE(write_file_atomically(file, "x"));
  CHECK(*read_file(victim, 100) == "kept");
  CHECK(fs::is_regular_file(fs::symlink_status(file)));
  CHECK(count_in(work.path()) == 3);
  REQUIRE(::mkdir((work.path() + "/folder").c_str(), 0700) == 0);
  CHECK_FALSE(write_file_atomically(work.path() + "/folder", "x"));
  CHECK(count_in(work.path()) == 4);
  CHECK_FALSE(open_private_file(work.path() + "/file.tmp" + std::to_string(::getpid()), O_RDWR));
}
