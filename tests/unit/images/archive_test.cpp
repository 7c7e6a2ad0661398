// SPDX-License-Identifier: Apache-2.0
#include "images/archive.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

#include "images/zip_directory.hpp"
#include "workspace.hpp"
#include "zip_builder.hpp"

namespace fs = std::filesystem;
using namespace lemu::images::testing;
using lemu::images::unpack_zip;
using lemu::images::Unpacked;

namespace {

lemu::Result<Unpacked> unpack(const Workspace& work, std::string_view zip,
                              lemu::images::UnzipLimits limits = {}) {
  return unpack_zip(work.file("x.zip", zip), work.folder("out"), limits);
}

/// Where many small files cost no disk, if there is such a place; else the usual one.
std::string in_memory() { return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ""; }

std::string content(const Workspace& work, const std::string& name) {
  return lemu::read_file(work.at("out/" + name), 1 << 20).value();
}

}  // namespace

TEST_CASE("files, folders and links are unpacked with their permissions, whatever the umask") {
  const Workspace work;
  const mode_t before = ::umask(0077);
  const auto unpacked = unpack(work, make_zip({{"bootstrap", "#!x", 0100755},
                                               {"lib/", "", 0040700},
                                               {"lib/deep/er/data", "data", 0100640},
                                               {"private", "p", 0104600},
                                               {"lib/link", "deep/er/data", 0120777},
                                               {"lib/absolute", "/opt/lib", 0120777},
                                               {"lib/out", "../../../../etc", 0120777},
                                               {"lib/late", "deep/../../..", 0120777},
                                               {"deflated", std::string(100'000, 'z'), 0100644, 3, 0, 8},
                                               {"h\xc3\xa9llo", "utf-8", 0100644, 3, 0x0800},
                                               {"H\xc3\x89LLO", "other case", 0100644, 3, 0},
                                               {"Data", "1"},
                                               {"data", "2"}}));
  ::umask(before);
  REQUIRE(unpacked);
  CHECK(unpacked->entries == 13);
  CHECK(unpacked->bytes == 3 + 4 + 1 + 100'000 + 5 + 10 + 1 + 1);
  CHECK(unpacked->files_without_mode == 0);
  CHECK(unpacked->notes.empty());
  CHECK(mode_of(work.at("out/bootstrap")) == 0755);
  CHECK(mode_of(work.at("out/private")) == 0600);
  CHECK(mode_of(work.at("out/lib")) == 0755);
  CHECK(mode_of(work.at("out/lib/deep/er")) == 0755);
  CHECK(mode_of(work.at("out/lib/deep/er/data")) == 0640);
  CHECK(fs::read_symlink(work.at("out/lib/link")) == "deep/er/data");
  CHECK(content(work, "lib/link") == "data");
  CHECK(fs::read_symlink(work.at("out/lib/absolute")) == "/opt/lib");
  CHECK(fs::read_symlink(work.at("out/lib/out")) == "../../../../etc");
  CHECK(fs::read_symlink(work.at("out/lib/late")) == "deep/../../..");
  CHECK(content(work, "deflated") == std::string(100'000, 'z'));
  CHECK(content(work, "h\xc3\xa9llo") == "utf-8");
  CHECK(content(work, "H\xc3\x89LLO") == "other case");
  CHECK(content(work, "Data") == "1");
  CHECK(content(work, "data") == "2");
}

TEST_CASE("zip64, comments and an empty zip are understood") {
  struct Row {
    std::string name;
    std::string zip;
    std::size_t entries;
  };
  const Part wide{"b", "content", 0100644, 3, 0, 8, {}, {}, {}, Wide::zip64};
  const Row rows[] = {
      {"zip64 entry and end", make_zip({{"a", "1"}, wide}, {.wide = Wide::zip64}), 2},
      {"zip64 entry only", make_zip({wide}), 1},
      {"zip64 end only", make_zip({{"b", "content"}}, {.wide = Wide::zip64}), 1},
      {"comment", make_zip({{"b", "content"}}, {.comment = "made by PK\x05\x06 hand"}), 1},
      {"empty", make_zip({}), 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Workspace work;
    const auto unpacked = unpack(work, row.zip);
    REQUIRE(unpacked);
    CHECK(unpacked->entries == row.entries);
    if (row.entries > 0) CHECK(content(work, "b") == "content");
  }
}

TEST_CASE("what would reach outside, cannot be made, or is damaged, is refused by name") {
  const std::string good = make_zip({{"bootstrap", "0123456789"}});
  struct Row {
    std::string zip;
    std::string message;
  };
  const Row rows[] = {
      {make_zip({{"../evil", "x"}}), "entry '../evil' climbs out"},
      {make_zip({{"/evil", "x"}}), "entry '/evil' has an absolute path"},
      {make_zip({{"a\\b", "x"}}), "entry 'a\\b' has a backslash"},
      {make_zip({{"a\\b", "x", 0, 0}}), "entry 'a\\b' has a backslash"},
      {make_zip({{"link", "", 0120777}}), "entry 'link' is a symbolic link to '', which is no path"},
      {make_zip({{"link", std::string(4096, 'x'), 0120777}}), "which is no path"},
      {make_zip({{"d/", "", 0040755}, {"link", "d", 0120777}, {"link/x", "x"}}),
       "an entry lies below 'link', which is a symbolic link"},
      {make_zip({{"link", "/tmp", 0120777}, {"link/lemu-evil", "x"}}),
       "an entry lies below 'link', which is a symbolic link"},
      {make_zip({{"link", "/tmp", 0120777}, {"link/lemu-evil/", "", 0040755}}),
       "an entry lies below 'link', which is a symbolic link"},
      {make_zip({{"link", "/tmp", 0120777}, {"link/lemu-evil", "/etc", 0120777}}),
       "an entry lies below 'link', which is a symbolic link"},
      {make_zip({{"a/b", "..", 0120777}, {"a/b/c", "x"}}),
       "an entry lies below 'a/b', which is a symbolic link"},
      {make_zip({{"one", "two", 0120777}, {"two", "/tmp", 0120777}, {"one/lemu-evil", "x"}}),
       "an entry lies below 'one', which is a symbolic link"},
      {make_zip({{"link", "a", 0120777}, {"link", "/tmp", 0120777}, {"link/lemu-evil", "x"}}),
       "an entry lies below 'link', which is a symbolic link"},
      {make_zip({{"link", "/tmp/lemu-evil", 0120777}, {"link", "x"}}), "entry 'link' is there twice"},
      {make_zip({{"link", "x"}, {"link", "/tmp/lemu-evil", 0120777}}), "entry 'link' is there twice"},
      {make_zip({{"d/x", "x"}, {"d", "/tmp", 0120777}}), "'d' is in the package as two different things"},
      {make_zip({{"d/", "", 0040755}, {"d", "/tmp", 0120777}}), "entry 'd' is there twice"},
      {make_zip({{"./link", "/tmp", 0120777}, {"link//lemu-evil", "x"}}),
       "an entry lies below 'link', which is a symbolic link"},
      {make_zip({{"a", "x"}, {"a/b", "x"}}), "an entry lies below 'a', which is a file"},
      {make_zip({{"a/b", "x"}, {"a", "x"}}), "entry 'a' is in the package as two different things"},
      {make_zip({{"a", "x"}, {"a", "b", 0120777}}), "entry 'a' is there twice, as different types"},
      {make_zip({{"pipe", "", 0010644}}), "entry 'pipe' is a named pipe"},
      {make_zip({{"dev", "", 0020644}}), "entry 'dev' is a character device"},
      {make_zip({{"secret", "x", 0100644, 3, 1}}), "entry 'secret' is encrypted"},
      {make_zip({{"good", "x", 0100644, 3, 0, 0, "evil"}}), "entry 'good' is described differently"},
      {make_zip({{"crc", "x", 0100644, 3, 0, 0, {}, {}, 7}}), "entry 'crc': the archive is damaged"},
      {make_zip({{std::string(300, 'n'), "x"}}), "File name too long"},
      {good.substr(0, good.size() / 2), "it is truncated"},
      {good.substr(0, good.size() - 1), "it is truncated"},
      {good + "more", "holds something after its end"},
      {good.substr(5), "its directory is not where its end record says"},
      {make_zip({{"a", "x"}}, {.directory_shift = 1}), "its directory is not where"},
      {make_zip({{"a", "x"}}, {.declared_entries = 2}), "does not hold the entries it promises"},
      {make_zip({{"a", "x"}, {"b", "x"}}, {.declared_entries = 1}), "does not hold the entries it promises"},
      {make_zip({{"a", "x"}}, {.wide = Wide::zip64, .declared_entries = 200'001}), "has 200001 entries"},
      {make_zip({{"a", "x"}, {"b", "x"}}, {.directory_order = {0, 0}}), "claim the same data"},
      {std::string("hello"), "it is truncated"},
      {std::string(), "it is truncated"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    const Workspace work;
    const auto unpacked = unpack(work, row.zip);
    REQUIRE_FALSE(unpacked);
    CAPTURE(unpacked.error().message);
    CHECK(unpacked.error().kind == lemu::ErrorKind::bad_input);
    CHECK(contains(unpacked.error().message, row.message));
    CHECK(contains(unpacked.error().message, work.at("x.zip")));
    CHECK_FALSE(fs::exists(work.at("evil")));
  }
}

TEST_CASE("of one name's entries the last in the directory counts, with a note") {
  struct Row {
    std::vector<std::size_t> order;
    std::string expected;
  };
  const Row rows[] = {{{0, 1}, "second"}, {{1, 0}, "first"}};
  for (const Row& row : rows) {
    const Workspace work;
    const auto unpacked =
        unpack(work, make_zip({{"a", "first"}, {"./a", "second"}}, {.directory_order = row.order}));
    REQUIRE(unpacked);
    CHECK(content(work, "a") == row.expected);
    REQUIRE(unpacked->notes.size() == 1);
    CHECK(unpacked->notes[0] == "the zip holds 'a' more than once: the last one is used");
  }
}

TEST_CASE("files of a zip without Unix modes are 0644, and counted") {
  for (const Part& part : {Part{"bootstrap", "x", 0100755, 0}, Part{"bootstrap", "x", 0, 3}}) {
    const Workspace work;
    const auto unpacked = unpack(work, make_zip({part}));
    REQUIRE(unpacked);
    CHECK(mode_of(work.at("out/bootstrap")) == 0644);
    CHECK(unpacked->files_without_mode == 1);
  }
}

TEST_CASE("the size limit holds for what is written, and for what is declared before anything is") {
  CHECK(lemu::images::kMostUnzipped == 262'144'000);
  const std::string thousand(1000, 'x');
  struct Row {
    std::vector<Part> parts;
    std::uint64_t limit;
    std::string message;  ///< empty: fits
  };
  const Row rows[] = {
      {{{"a", thousand}}, 1000, ""},
      {{{"a", thousand}}, 999, "Unzipped size must be smaller than 999 bytes"},
      {{{"a", thousand}, {"b", "x"}}, 1000, "Unzipped size must be smaller than 1000 bytes"},
      {{{"a", std::string(2'000'000, 'x'), 0100644, 3, 0, 8, {}, 1}},
       1000,
       "entry 'a' holds more than the 1 bytes it declares"},
      {{{"a", thousand, 0100644, 3, 0, 8, {}, 1}}, 1000, "entry 'a': the archive is damaged"},
  };
  for (const Row& row : rows) {
    const Workspace work;
    const auto unpacked = unpack(work, make_zip(row.parts), {row.limit});
    REQUIRE(unpacked.has_value() == row.message.empty());
    if (unpacked) continue;
    CAPTURE(unpacked.error().message);
    CHECK(unpacked.error().kind == lemu::ErrorKind::bad_input);
    CHECK(contains(unpacked.error().message, row.message));
    std::error_code none;
    const std::uintmax_t written = fs::file_size(work.at("out/a"), none);
    CHECK((none ? 0 : written) <= 1000);
    CHECK(none.value() == (row.parts.front().declared_size ? 0 : ENOENT));
  }
}

TEST_CASE("an unpacking that takes long can be interrupted") {
  std::vector<Part> parts;
  for (int i = 0; i < 1000; ++i) parts.push_back({std::to_string(i), "x"});
  const Workspace work(in_memory());
  int asked = 0;
  const auto unpacked = unpack(work, make_zip(parts), {.interrupted = [&] { return ++asked == 2; }});
  REQUIRE_FALSE(unpacked);
  CHECK(asked == 2);
  CHECK_FALSE(fs::exists(work.at("out/999")));
}

TEST_CASE("a hundred thousand entries are unpacked") {
  std::vector<Part> parts;
  constexpr int kEntries = 100'000;
  parts.reserve(kEntries);
  for (int i = 0; i < kEntries; ++i)
    parts.push_back({"d" + std::to_string(i / 1000) + "/f" + std::to_string(i), "x"});
  const Workspace work(in_memory());
  const auto unpacked = unpack(work, make_zip(parts, {.wide = Wide::zip64}));
  REQUIRE(unpacked);
  CHECK(unpacked->entries == kEntries);
  CHECK(content(work, "d99/f99999") == "x");
}

TEST_CASE("a zip with any one byte changed is unpacked or refused, and nothing is made beside the folder") {
  const std::string good =
      make_zip({{"a/f", "one", 0100755}, {"l", "a/f", 0120777}, {"g", "two", 0100644, 3, 0, 8}},
               {.wide = Wide::zip64});
  const Workspace work(in_memory());
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string zip = good;
      zip[at] = static_cast<char>(zip[at] ^ change);
      const auto unpacked = unpack(work, zip);
      CAPTURE(at);
      if (!unpacked) CHECK(unpacked.error().kind == lemu::ErrorKind::bad_input);
      REQUIRE(lemu::remove_tree(work.at("out")));
      const auto left = std::distance(fs::directory_iterator(work.at("")), fs::directory_iterator());
      CHECK(left == 1);  // the zip itself
    }
  }
}

TEST_CASE("only an empty folder is unpacked into") {
  const Workspace work;
  work.file("out/already", "here");
  const auto unpacked = unpack(work, make_zip({{"a", "x"}}));
  REQUIRE_FALSE(unpacked);
  CHECK(contains(unpacked.error().message, "not an empty folder"));
}
