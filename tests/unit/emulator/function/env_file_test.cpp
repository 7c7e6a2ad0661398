// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/env_file.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator;

namespace {
/// "NAME=[value]", or "NAME" for one from the user's environment; '|' between.
std::string summary(const lemu::Result<std::vector<EnvironmentEntry>>& entries) {
  if (!entries) return entries.error().message;
  std::string text;
  for (const EnvironmentEntry& entry : *entries) {
    if (!text.empty()) text += '|';
    text += entry.name;
    if (entry.value) text.append("=[").append(*entry.value).append("]");
  }
  return text;
}
}  // namespace

TEST_CASE("the syntax of env files") {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"", ""},
      {"A1=b", "A1=[b]"},
      {"A1=b\nC2=d\n", "A1=[b]|C2=[d]"},
      {"A1=b\r\nC2=d\r\n", "A1=[b]|C2=[d]"},
      {"\xEF\xBB\xBF"
       "A1=b",
       "A1=[b]"},
      {"# only a comment\n\n   \n  # indented\n", ""},
      {"  A1 = b c  ", "A1=[b c]"},
      {"A1=", "A1=[]"},
      {"A1= # none", "A1=[]"},
      {"A1=b # comment", "A1=[b]"},
      {"A1=b#c", "A1=[b#c]"},
      {"A1=\"b # c\" # d", "A1=[b # c]"},
      {"A1='b \"c\" \\n'", "A1=[b \"c\" \\n]"},
      {"A1=\"\\n\\r\\t\\\"\\\\\\$x\"", "A1=[\n\r\t\"\\$x]"},
      {"A1=\"$HOME ${X}\"", "A1=[$HOME ${X}]"},
      {"A1=x=y=", "A1=[x=y=]"},
      {"A1={\"k\":1}", "A1=[{\"k\":1}]"},
      {"export A1=b", "A1=[b]"},
      {"export\tA1=b", "A1=[b]"},
      {"export=b", "export=[b]"},
      {"exported=b", "exported=[b]"},
      {"A1", "A1"},
      {"A1 # from outside", "A1"},
      {"export A1", "A1"},
      {"A1=1\nA1=2", "A1=[1]|A1=[2]"},
      {"=b", "F:1: a value without a name"},
      {"A1=1\n\nA B=2", "F:3: the name 'A B' holds a blank"},
      {"A1=\"b", "F:1: the quote \" is not closed on its line"},
      {"A1='b\nc'", "F:1: the quote ' is not closed on its line"},
      {"A1=\"b\"c", "F:1: text after the closing quote"},
      {"A1=\"\\x\"", "F:1: a backslash in double quotes that starts none of \\n \\r \\t \\\" \\\\ \\$"},
      {"A1=\"\\", "F:1: a backslash in double quotes that starts none of \\n \\r \\t \\\" \\\\ \\$"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(summary(parse_env_file(row.text, "F")) == row.expected);
  }
  CHECK(summary(parse_env_file(std::string_view("A1=\0", 4), "F")) ==
        "F:1: a NUL byte, which no environment variable can hold");
}

TEST_CASE("entries know where they came from") {
  lemu::Result<std::vector<EnvironmentEntry>> entries = parse_env_file("# c\nA1=b", "my.env");
  REQUIRE(entries);
  REQUIRE(entries->size() == 1);
  CHECK(entries->front().origin == "my.env:2");
}

TEST_CASE("--env takes the value as it stands") {
  lemu::Result<EnvironmentEntry> plain = parse_env_option("A1= \"b\" # c");
  REQUIRE(plain);
  CHECK(plain->name == "A1");
  CHECK(plain->value == " \"b\" # c");
  lemu::Result<EnvironmentEntry> bare = parse_env_option("A1");
  REQUIRE(bare);
  CHECK_FALSE(bare->value.has_value());
  CHECK_FALSE(parse_env_option("=b").has_value());
  CHECK_FALSE(parse_env_option("").has_value());
}

TEST_CASE("JSON as sam's --env-vars takes it gives the function its variables") {
  const auto read = [](const std::string& text) {
    const lemu::Result<std::vector<EnvironmentEntry>> entries = parse_env_json(text, "e.json", "Hello");
    if (!entries) return std::string(entries.error().slug);
    std::string all;
    for (const EnvironmentEntry& entry : *entries) all += entry.name + "=" + entry.value.value() + ";";
    return all;
  };
  struct Row {
    const char* text;
    const char* entries;
  };
  for (const Row& row :
       {Row{R"({"Hello": {"A1": "b", "N1": 2, "B1": true}, "Other": {"X1": "y"}})", "A1=b;N1=2;B1=true;"},
        Row{R"({"Hello": {"A1": "b"}, "Parameters": {"A1": "all", "C1": "c"}})", "A1=all;C1=c;A1=b;"},
        Row{R"({"Parameters": {"C1": ""}})", "C1=;"}, Row{R"({"Hello": {}})", ""}, Row{"{}", ""},
        Row{"\xEF\xBB\xBF{\"A1\": \"b\"}", "A1=b;"}, Row{R"({"A1": "b", "B1": {}})", "env-json-malformed"},
        Row{R"({"Hello": {"A1": null}})", "env-json-malformed"},
        Row{R"({"Hello": {"A1": ["b"]}})", "env-json-malformed"},
        Row{R"({"Hello": {"A1": "\u0000"}})", "env-json-malformed"}, Row{"{", "env-json-malformed"},
        Row{R"({"Other": {"A1": "b"}})", "env-json-other-functions"}}) {
    CAPTURE(row.text);
    CHECK(read(row.text) == row.entries);
  }
  CHECK(parse_env_json(R"({"Other": {}, "Third": {}})", "e.json", "Hello").error().message ==
        "e.json has variables for 'Other', 'Third', and none for the function Hello");
}

TEST_CASE("a missing env file is bad input that names it") {
  lemu::Result<std::vector<EnvironmentEntry>> entries = read_env_file("/nonexistent/x.env", "f");
  REQUIRE_FALSE(entries);
  CHECK(entries.error().kind == lemu::ErrorKind::bad_input);
  CHECK(entries.error().message == "--env-file: cannot open /nonexistent/x.env: No such file or directory");
}
