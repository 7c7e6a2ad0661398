// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/parser/command_line_parser.hpp"

#include <doctest/doctest.h>

using namespace lemu::emulator::cli;
using Words = std::vector<std::string>;

namespace {

struct Parsed {
  Words data;
  Words words;
  int verbose = 0;
  int quiet = 0;
  bool help = false;
  std::string error;
  std::string remedy;
};

CommandSpec spec_for(Parsed& into) {
  CommandSpec spec;
  spec.name = "test";
  spec.usage = "lemu test [options] WORD";
  spec.summary = "Tests.";
  spec.groups = {{"Options",
                  {{"--data", "JSON", "the data", "--data 1",
                    [&into](const std::string& value) -> lemu::Status {
                      if (value == "refused")
                        return lemu::fail(lemu::Error{lemu::ErrorKind::bad_usage, "'refused' is refused"});
                      into.data.push_back(value);
                      return {};
                    }},
                   {"--memory", "SIZE",
                    std::string("a text that is long enough to need a second line of ") +
                        "help, and then some more words",
                    "", [](const std::string&) -> lemu::Status { return {}; }},
                   {"-v,--verbose", "", "talk", "",
                    [&into](const std::string&) -> lemu::Status {
                      ++into.verbose;
                      return {};
                    }},
                   {"-q,--quiet", "", "hush", "", [&into](const std::string&) -> lemu::Status {
                      ++into.quiet;
                      return {};
                    }}}}};
  spec.examples = "  lemu test x\n";
  return spec;
}

Parsed parse(const Words& arguments) {
  Parsed parsed;
  const CommandSpec spec = spec_for(parsed);
  lemu::Result<ParsedLine> line = parse_line(spec, arguments);
  if (!line) {
    CHECK(line.error().kind == lemu::ErrorKind::bad_usage);
    parsed.error = line.error().message;
    parsed.remedy = line.error().remedy;
    return parsed;
  }
  parsed.words = line->words;
  parsed.help = line->wish == ParsedLine::Wish::help;
  return parsed;
}

}  // namespace

TEST_CASE("values arrive as they were typed, whatever a parser could read into them") {
  for (const char* value :
       {"{}",   "[]",  "[1,2]", "[[1]]", "[[11]]", "[[]]", "%%",  "-5",  "\"x\"",
        "'x'",  "a=b", "=",     "=x",    "--",     "-",    "a b", "a,b", "{\"a\":[1,2],\"b\":\"c=d\"}",
        "true", "\\n", "/x",    "a:b",   "`x`"}) {
    CAPTURE(value);
    Parsed detached = parse({"--data", value, "word"});
    CHECK(detached.error == "");
    CHECK(detached.data == Words{value});
    CHECK(detached.words == Words{"word"});
    Parsed attached = parse({std::string("--data=") + value, "word"});
    CHECK(attached.error == "");
    CHECK(attached.data == Words{value});
    CHECK(attached.words == Words{"word"});
  }
  CHECK(parse({"--data="}).data == Words{""});
  CHECK(parse({"--data", ""}).data == Words{""});
}

TEST_CASE("words keep their order and their looks") {
  struct Row {
    Words arguments;
    Words words;
  };
  const Row rows[] = {
      {{"a", "b"}, {"a", "b"}},
      {{"a", "--data", "1", "b"}, {"a", "b"}},
      {{"a", "-"}, {"a", "-"}},
      {{"", "{}", "[1,2]", "=x"}, {"", "{}", "[1,2]", "=x"}},
      {{"a", "--", "ls", "-l", "--all", "--data", "-v"}, {"a", "ls", "-l", "--all", "--data", "-v"}},
      {{"--", "-x", "--", "y"}, {"-x", "--", "y"}},
      {{"--data", "1", "--", "a"}, {"a"}},
      {{"./a", "/b/c"}, {"./a", "/b/c"}},
      {{}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.arguments.size());
    Parsed parsed = parse(row.arguments);
    CHECK(parsed.error == "");
    CHECK(parsed.words == row.words);
  }
}

TEST_CASE("options repeat in the order of the line, flags count") {
  CHECK(parse({"--data", "1", "x", "--data=2", "--data", "3"}).data == Words{"1", "2", "3"});
  CHECK(parse({"-v", "--verbose", "-vq"}).verbose == 3);
  CHECK(parse({"-vq"}).quiet == 1);
}

TEST_CASE("what is wrong with an option is said with its name") {
  struct Row {
    Words arguments;
    const char* error;
    const char* remedy;
  };
  const char* const listing = "'lemu test --help' lists the options";
  const Row rows[] = {
      {{"--memroy", "256", "x"}, "unknown option '--memroy'; did you mean '--memory'?", listing},
      {{"--memroy=256", "x"}, "unknown option '--memroy'; did you mean '--memory'?", listing},
      {{"x", "--mem", "5"}, "unknown option '--mem'; did you mean '--memory'?", listing},
      {{"-memory", "5"}, "unknown option '-memory'; did you mean '--memory'?", listing},
      {{"-verbose"}, "unknown option '-verbose'; did you mean '--verbose'?", listing},
      {{"-x"}, "unknown option '-x'", listing},
      {{"x", "--data"}, "option '--data' needs a value", "for example --data 1"},
      {{"--data", "--memory", "5"}, "option '--data' needs a value", "for example --data 1"},
      {{"--data", "-v", "x"}, "option '--data' needs a value", "for example --data 1"},
      {{"--memory"}, "option '--memory' needs a value", "for example --memory SIZE"},
      {{"--data", "refused"}, "--data: 'refused' is refused", "for example --data 1"},
      {{"--quiet=yes"}, "option '--quiet' takes no value", listing},
      {{"--quiet="}, "option '--quiet' takes no value", listing},
  };
  for (const Row& row : rows) {
    CAPTURE(row.arguments[0]);
    Parsed parsed = parse(row.arguments);
    CHECK(parsed.error == row.error);
    CHECK(parsed.remedy == row.remedy);
  }
}

TEST_CASE("--help wins over everything else on the line") {
  for (const Words& arguments : {Words{"--help"}, Words{"-h"}, Words{"--data", "refused", "--help"},
                                 Words{"--nonsense", "-h"}, Words{"x", "--help", "--memory"}}) {
    Parsed parsed = parse(arguments);
    CHECK(parsed.help);
    CHECK(parsed.data.empty());
  }
  CHECK_FALSE(parse({"--", "--help"}).help);
  CHECK(parse({"--", "--help"}).words == Words{"--help"});
}

TEST_CASE("help fits 80 columns") {
  Parsed parsed;
  const CommandSpec spec = spec_for(parsed);
  CHECK(render_help(spec) ==
        "Usage: lemu test [options] WORD\n"
        "\n"
        "Tests.\n"
        "\n"
        "Options:\n"
        "  --data JSON                 the data\n"
        "  --memory SIZE               a text that is long enough to need a second line\n"
        "                              of help, and then some more words\n"
        "  -v, --verbose               talk\n"
        "  -q, --quiet                 hush\n"
        "\n"
        "Examples:\n"
        "  lemu test x\n");
}
