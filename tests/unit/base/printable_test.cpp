// SPDX-License-Identifier: Apache-2.0
#include "base/printable.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace lemu;

namespace {

struct Row {
  std::string text;
  std::string shown;
};

}  // namespace

TEST_CASE("what a terminal would obey, or a reader would not see, is written out") {
  const Row rows[] = {
      {"", ""},
      {"plain name", "plain name"},
      {"a\\b", "a\\b"},
      {"a\x1b[31m\n", "a\\x1b[31m\\x0a"},
      {"\t\r\x7f", "\\x09\\x0d\\x7f"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\u00e9 \u4e2d \U0001f600 \u05d0 \u0627", "\u00e9 \u4e2d \U0001f600 \u05d0 \u0627"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\x9b", "\\x9b"},                             // CSI in Latin-1
      {"\xc2\x9b\x32J", "\\xc2\\x9b2J"},             // CSI as one character
      {"\xe4\xb8", "\\xe4\\xb8"},                    // cut short
      {"\xc0\xaf", "\\xc0\\xaf"},                    // longer than need be
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // half of a UTF-16 pair
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},  // beyond Unicode
      {"\u202e", "\\xe2\\x80\\xae"},                 // right-to-left override
      {"\u202a\u202b\u202c\u202d", "\\xe2\\x80\\xaa\\xe2\\x80\\xab\\xe2\\x80\\xac\\xe2\\x80\\xad"},
      {"\u2066\u2069", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},                  // isolates
      {"\u200e\u200f\u061c", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xd8\\x9c"},  // marks of direction
      {"\u2028\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},                  // separators
      {"boot\u200bstrap", "boot\\xe2\\x80\\x8bstrap"},                     // zero width
      {"\ufeff\u00ad\u2060", "\\xef\\xbb\\xbf\\xc2\\xad\\xe2\\x81\\xa0"},  // invisible
      {"\U000e0041", "\\xf3\\xa0\\x81\\x81"},                              // a tag
  };
  for (const Row& row : rows) {
    CHECK(printable(row.text) == row.shown);
    CHECK(printable(row.shown) == row.shown);
  }
}

TEST_CASE("every control character is written out, alone and within text") {
  for (int byte = 0; byte < 0x100; ++byte) {
    const std::string shown = printable(std::string("a") + static_cast<char>(byte) + "b");
    CHECK((shown.size() == 3) == (byte >= 0x20 && byte < 0x7f));
  }
}

TEST_CASE("lines keep their ends and nothing else") {
  CHECK(printable_lines("a\tb\nc\r\x1b\n") == "a\tb\nc\\x0d\\x1b\n");
}

TEST_CASE("JSON stays the same JSON") {
  const Row rows[] = {
      {"{\n\t\"a\": 1}\r\n", "{\n\t\"a\": 1}\r\n"},
      {"\"\x7f\u009b\u202e\"", "\"\\u007f\\u009b\\u202e\""},
      {"\"\U000e0041\u4e2d\"", "\"\\udb40\\udc41\u4e2d\""},
      {"\"\xff\x1b\"", "\"\\ufffd\\u001b\""},
  };
  for (const Row& row : rows) CHECK(printable_json(row.text) == row.shown);
}

TEST_CASE("a word reaches a command as one word and as no option") {
  const Row rows[] = {
      {"", "''"},
      {"/home/u/bootstrap", "/home/u/bootstrap"},
      {"\u00e9/\u4e2d.zip", "\u00e9/\u4e2d.zip"},
      {"my function", "'my function'"},
      {"$(reboot)", "'$(reboot)'"},
      {"a;b", "'a;b'"},
      {"~root", "'~root'"},
      {"it's", "'it'\\''s'"},
      {"-rf", "./-rf"},
      {"-a b", "'./-a b'"},
      {"a\x1b[0m'\\", "$'a\\x1b[0m\\'\\\\'"},
      {"a\nb", "$'a\\x0a\\x62'"},
      {"\u202e", "$'\\xe2\\x80\\xae'"},
  };
  for (const Row& row : rows) CHECK(shell_word(row.text) == row.shown);
}
