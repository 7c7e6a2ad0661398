// SPDX-License-Identifier: Apache-2.0
#include "base/json_syntax.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/json_document.hpp"

using lemu::is_json;

TEST_CASE("what is JSON") {
  for (const char* text :
       {"{}", "[]", "null", "true", "\"x\"", " 1 \n", "-0", "1e400", "-2E+400", "1e-999",
        "123456789012345678901234567890", "{\"a\":[1,2,{\"b\":null}]}", "\"\\u00e9\\n\"", "\"\xc3\xa9\""}) {
    CAPTURE(text);
    CHECK(is_json(text));
  }
}

TEST_CASE("a lone surrogate's escape is of JSON's grammar") {
  struct Row {
    const char* text;
    const char* paired;  ///< nullptr: not JSON at all
  };
  for (const Row& row :
       {Row{R"("\ud800")", R"("\ufffd")"}, Row{R"("\uDFFF")", R"("\ufffd")"},
        Row{R"("\ud83d\ude00")", R"("\ud83d\ude00")"}, Row{R"("\ude00\ud83d")", R"("\ufffd\ufffd")"},
        Row{R"("\ud83d\ud83d\ude00")", R"("\ufffd\ud83d\ude00")"}, Row{R"("\ud83d\n")", R"("\ufffd\n")"},
        Row{R"("\ud83dx")", R"("\ufffdx")"},
        Row{R"({"\udabc": ["\\ud800", "\\\ud800"]})", R"({"\ufffd": ["\\ud800", "\\\ufffd"]})"},
        Row{R"("\ud7ff\ue000")", R"("\ud7ff\ue000")"}, Row{R"("\ud80")", nullptr},
        Row{R"("\ud8zz")", nullptr}, Row{R"("\ud800" x)", nullptr}, Row{R"(\ud800)", nullptr},
        Row{R"("\ud800)", nullptr}, Row{R"("\U0000d800")", nullptr}}) {
    CAPTURE(row.text);
    CHECK(is_json(row.text) == (row.paired != nullptr));
    if (row.paired == nullptr) continue;
    CHECK(lemu::without_lone_surrogates(row.text) == row.paired);
    CHECK(!lemu::json_document(row.text).is_discarded());
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
