// SPDX-License-Identifier: Apache-2.0
#include "base/json_syntax.hpp"

#include <doctest/doctest.h>

#include <string>

using lemu::is_json;

TEST_CASE("what is JSON") {
  for (const char* text :
       {"{}", "[]", "null", "true", "\"x\"", " 1 \n", "-0", "1e400", "-2E+400", "1e-999",
        "123456789012345678901234567890", "{\"a\":[1,2,{\"b\":null}]}", "\"\\u00e9\\n\"", "\"\xc3\xa9\""}) {
    CAPTURE(text);
    CHECK(is_json(text));
  }
}

TEST_CASE("what is not") {
  for (const char* text :
       {"",    " ",  "{",       "{]",     "[1,]",    "{\"a\":1,}",     "{a:1}",    "'x'",
        "01",  "+1", ".5",      "1.",     "NaN",     "Infinity",       "nul",      "{} {}",
        "1 2", "\"", "\"\\x\"", "\"\n\"", "// c\n1", "\xEF\xBB\xBF{}", "\"\xff\"", "\"\xc3\""}) {
    CAPTURE(text);
    CHECK(!is_json(text));
  }
  CHECK(!is_json(std::string_view("{}\0", 3)));
}

TEST_CASE("nesting without end is no danger to the stack") {
  const std::string deep = std::string(3'000'000, '[') + std::string(3'000'000, ']');
  CHECK(is_json(deep));
  CHECK(!is_json(std::string_view(deep).substr(1)));
}
