// SPDX-License-Identifier: Apache-2.0
#include "images/entry.hpp"

#include <doctest/doctest.h>

#include <string>

using lemu::images::check_entry;
using lemu::images::check_link;
using lemu::images::Entry;
using lemu::images::EntryType;

TEST_CASE("what an archive says of an entry becomes a path, a type and permissions") {
  struct Row {
    std::string name;
    mode_t mode;
    std::string path;
    EntryType type;
    mode_t permissions;
  };
  const Row rows[] = {
      {"bootstrap", 0100755, "bootstrap", EntryType::file, 0755},
      {"bootstrap", 0, "bootstrap", EntryType::file, 0644},
      {"a/b", 0100600, "a/b", EntryType::file, 0600},
      {"./a//./b", 0100644, "a/b", EntryType::file, 0644},
      {"a..b/..c", 0100644, "a..b/..c", EntryType::file, 0644},
      {"setuid", 0104755, "setuid", EntryType::file, 0755},
      {"no-format", 0755, "no-format", EntryType::file, 0755},
      {"dir/", 0, "dir", EntryType::folder, 0755},
      {"dir", 0040700, "dir", EntryType::folder, 0755},
      {"dir/", 0100644, "dir", EntryType::folder, 0755},
      {"./", 0040755, "", EntryType::folder, 0755},
      {"link", 0120777, "link", EntryType::link, 0777},
      {"h\xc3\xa9", 0100644, "h\xc3\xa9", EntryType::file, 0644},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const lemu::Result<Entry> entry = check_entry(row.name, row.mode);
    REQUIRE(entry);
    CHECK(entry->path == row.path);
    CHECK(entry->type == row.type);
    CHECK(entry->permissions == row.permissions);
  }
}

TEST_CASE("hostile entries are refused, each by name and reason") {
  struct Row {
    std::string name;
    mode_t mode;
    std::string message;
  };
  const Row rows[] = {
      {"../x", 0100644, "entry '../x' climbs out with '..'"},
      {"a/../../x", 0100644, "entry 'a/../../x' climbs out with '..'"},
      {"a/..", 0040755, "entry 'a/..' climbs out with '..'"},
      {"/etc/passwd", 0100644, "entry '/etc/passwd' has an absolute path"},
      {"a\\b", 0100644, "entry 'a\\b' has a backslash in its name: Lambda takes it as part of a file's name"},
      {"", 0100644, "entry '' has no name"},
      {".", 0100644, "entry '.' has no name"},
      {std::string("a\0b", 3), 0100644, "entry 'a\\x00b' has a zero byte in its name"},
      {"\x1b[2J/../x", 0100644, "entry '\\x1b[2J/../x' climbs out with '..'"},
      {"pipe", 0010644, "entry 'pipe' is a named pipe"},
      {"socket", 0140644, "entry 'socket' is a socket"},
      {"tty", 0020644, "entry 'tty' is a character device"},
      {"sda", 0060644, "entry 'sda' is a block device"},
      {"odd", 0170644, "entry 'odd' is of an unknown type"},
      {std::string(5000, 'x'), 0100644,
       "entry '" + std::string(200, 'x') + "…' has a path too long for Linux"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const lemu::Result<Entry> entry = check_entry(row.name, row.mode);
    REQUIRE_FALSE(entry);
    CHECK(entry.error().kind == lemu::ErrorKind::bad_input);
    CHECK(entry.error().message == row.message);
  }
}

TEST_CASE("a link may lead anywhere, but its target must be one that Linux takes") {
  for (const char* target :
       {"b", "./b/c", "../b", "../../../etc", "d/../../b", "/etc/passwd", "/opt/lib", "b.."})
    CHECK(check_link("d/a", target));
  for (const std::string& target : {std::string(), std::string(4096, 'x'), std::string("a\0b", 3)}) {
    const lemu::Status checked = check_link("a", target);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message.find("entry 'a' is a symbolic link to '") == 0);
    CHECK(checked.error().message.find("which is no path") != std::string::npos);
  }
}

TEST_CASE("a name in a message says nothing to the terminal") {
  struct Row {
    std::string name;
    std::string shown;
  };
  const Row rows[] = {
      {"plain name", "'plain name'"},
      {"a\x1b[31m\n", "'a\\x1b[31m\\x0a'"},
      {"\u00e9 \u4e2d \U0001f600", "'\u00e9 \u4e2d \U0001f600'"},
      {"\xff\xfe", "'\\xff\\xfe'"},
      {"\xc2\x9b"
       "2J",
       "'\\xc2\\x9b2J'"},                     // CSI as one character
      {"\xe4\xb8", "'\\xe4\\xb8'"},           // cut short
      {"\xc0\xaf", "'\\xc0\\xaf'"},           // longer than need be
      {"\xed\xa0\x80", "'\\xed\\xa0\\x80'"},  // half of a UTF-16 pair
      {"\xf5\x80\x80\x80", "'\\xf5\\x80\\x80\\x80'"},
      {std::string(300, 'x'), "'" + std::string(200, 'x') + "…'"},
  };
  for (const Row& row : rows) CHECK(lemu::images::in_quotes(row.name) == row.shown);
}
