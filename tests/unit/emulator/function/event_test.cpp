// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/event.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/syscall.hpp"

using namespace lemu::emulator;

namespace {
std::string outcome(std::string_view json) {
  lemu::Status valid = check_json(json, "E");
  return valid ? "valid" : valid.error().message;
}
}  // namespace

TEST_CASE("an event is JSON, and an error says where it is not") {
  struct Row {
    std::string json;
    const char* outcome;
  };
  const Row rows[] = {
      {"{}", "valid"},
      {" [1, -2.5e3, true, null, \"\\u00e9\"]\n", "valid"},
      {"\"text\"", "valid"},
      {"42", "valid"},
      {"\"\xC3\xA9\"", "valid"},
      {"2e400", "valid"},
      {"[2e400, 01]", "E is not valid JSON: line 1, column "},
      {"[-1.5E+99999, 2e400, \"2e400\\\"2e400\", 9" + std::string(400, '9') + ", 0.1e-400]", "valid"},
      {"{\"a\":1", "E is not valid JSON: line 1, column 7: "},
      {"{\n  \"a\": 1,\n  'b': 2\n}", "E is not valid JSON: line 3, column 3: "},
      {"{} x", "E is not valid JSON: line 1, column 4: "},
      {"{\"a\":1,}", "E is not valid JSON: line 1, column 8: "},
      {"\"\xFF\"", "E is not valid JSON: line 1, column 2: "},
      {"\"\xC3\"", "E is not valid JSON: line 1, column 3: "},
      {"   ", "E is not valid JSON: line 1, column 4: "},
      {std::string("{}\0{", 4), "E is not valid JSON: line 1, column 3: a NUL byte"},
      {"\xEF\xBB\xBF{}", "E starts with a byte order mark"},
      {"nul", "E is not valid JSON: line 1, column 4: "},
      {R"("\ud800")", "valid"},
      {R"({"a": ["\udead", "\ud83d\ude00"]})", "valid"},
      {R"({"a": "\ud800", 'b'})", "E is not valid JSON: line 1, column 17: "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    CHECK(outcome(row.json).starts_with(row.outcome));
  }
}

TEST_CASE("deep nesting is no danger to the stack") {
  const std::size_t depth = 1'000'000;
  CHECK(outcome(std::string(depth, '[') + std::string(depth, ']')) == "valid");
  CHECK(outcome(std::string(depth, '[')).starts_with("E is not valid JSON: line 1, column 1000001: "));
}

TEST_CASE("a message stays short and printable however bad the event") {
  const std::string message = outcome("{\"" + std::string(100'000, 'k') + "\x01\"}");
  CHECK(message.size() < 400);
  CHECK(message.find('\x01') == std::string::npos);
}

TEST_CASE("without an event the function gets {}") {
  lemu::Result<std::string> event = read_event({}, -1);
  REQUIRE(event);
  CHECK(*event == "{}");
}

TEST_CASE("an event is kept byte for byte, and held to Lambda's size") {
  char folder[] = "/tmp/lemu-test-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/event.json";
  const auto read_back = [&](const std::string& content) {
    REQUIRE(lemu::write_file(path, content));
    return read_event({.file = path}, -1);
  };
  const std::string text = " { \"b\" : 1.0,\r\n \"a\":2 }\n\n";
  const lemu::Result<std::string> kept = read_back(text);
  const lemu::Result<std::string> largest = read_back("\"" + std::string(kEventLimit - 2, 'x') + "\"");
  const lemu::Result<std::string> larger = read_back("\"" + std::string(kEventLimit - 1, 'x') + "\"");
  const lemu::Result<std::string> empty = read_back("");
  const lemu::Result<std::string> of_folder = read_event({.file = folder}, -1);
  std::filesystem::remove_all(folder);

  REQUIRE(kept);
  CHECK(*kept == text);
  REQUIRE(largest);
  CHECK(largest->size() == kEventLimit);
  REQUIRE_FALSE(larger);
  CHECK(larger.error().kind == lemu::ErrorKind::bad_input);
  CHECK(larger.error().message == path + " is larger than the 6291456 bytes that Lambda takes as an event");
  REQUIRE_FALSE(empty);
  CHECK(empty.error().message == path + " is empty, which is no JSON");
  REQUIRE_FALSE(of_folder);
  CHECK(of_folder.error().message.find("Is a directory") != std::string::npos);
}

TEST_CASE("a missing event names the file") {
  lemu::Result<std::string> event = read_event({.file = "/nonexistent/e.json"}, -1);
  REQUIRE_FALSE(event);
  CHECK(event.error().kind == lemu::ErrorKind::bad_input);
  CHECK(event.error().message == "the event: cannot open /nonexistent/e.json: No such file or directory");
}

TEST_CASE("'-' reads standard input to its end") {
  lemu::Result<lemu::Pipe> pipe = lemu::make_pipe();
  REQUIRE(pipe);
  const std::string text = "\"" + std::string(300'000, 'x') + "\"";  // more than a pipe holds
  std::thread writer([&] {
    (void)lemu::write_all(pipe->write_end.get(), text);
    pipe->write_end.reset();
  });
  lemu::Result<std::string> event = read_event({.file = "-"}, pipe->read_end.get());
  writer.join();
  REQUIRE(event);
  CHECK(*event == text);
}

TEST_CASE("--data is checked like a file") {
  lemu::Result<std::string> good = read_event({.data = "[1,2]"}, -1);
  REQUIRE(good);
  CHECK(*good == "[1,2]");
  lemu::Result<std::string> bad = read_event({.data = "{"}, -1);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.starts_with("--data is not valid JSON: line 1, column 2"));
}

TEST_CASE("an event given in another place or form than lemu takes it is told what to do") {
  char folder[] = "/tmp/lemu-test-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/my event.json";
  REQUIRE(lemu::write_file(path, "{}"));
  struct Row {
    EventSource source;
    std::string slug, remedy;
  };
  const std::string run = "lemu invoke TARGET ", quoted = "'" + path + "'";
  for (const Row& row :
       {Row{{.data = "@" + path}, "data-is-path", run + quoted},
        Row{{.data = "@no.json"}, "data-is-path", run + "no.json"},
        Row{{.data = "file://" + path}, "data-is-path", run + quoted},
        Row{{.data = "fileb://" + path}, "data-is-path", run + quoted},
        Row{{.data = path}, "data-is-path", run + quoted},
        Row{{.file = "@" + path}, "event-path-marked", run + quoted},
        Row{{.file = "file://no.json"}, "event-path-marked", run + "no.json"},
        Row{{.file = R"({"a": 1})"}, "event-is-json", run + R"(--data '{"a": 1}')"},
        Row{{.file = "{a: 1}"}, "event-is-json", run + "--data '{a: 1}'"},
        Row{{.file = "[" + std::string(300, ' ') + "]"}, "event-is-json", run + "--data JSON"},
        Row{{.data = "@"}, "json-invalid", "Lambda takes JSON in UTF-8 only"},
        Row{{.data = "no.json"}, "json-invalid", "Lambda takes JSON in UTF-8 only"}}) {
    CAPTURE(row.remedy);
    const lemu::Result<std::string> event = read_event(row.source, -1);
    REQUIRE_FALSE(event);
    CHECK(event.error().slug == row.slug);
    CHECK(event.error().kind == lemu::ErrorKind::bad_input);
    CHECK(event.error().remedy.find(row.remedy) != std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("an event in another encoding is named, with the command that makes it UTF-8") {
  const auto wide = [](const std::string& text, std::size_t zeros, std::size_t at) {
    std::string bytes;
    for (const char c : text) bytes.append(at, '\0').append(1, c).append(zeros - at, '\0');
    return bytes;
  };
  struct Row {
    std::string bytes;
    const char* encoding;
  };
  for (const Row& row :
       {Row{"\xFF\xFE" + wide("{}", 1, 0), "UTF-16"}, Row{"\xFE\xFF" + wide("{}", 1, 1), "UTF-16"},
        Row{wide("{}", 1, 0), "UTF-16LE"}, Row{wide(" [1]\n", 1, 1), "UTF-16BE"},
        Row{std::string("\xFF\xFE\0\0", 4) + wide("{}", 3, 0), "UTF-32"}}) {
    CAPTURE(row.encoding);
    const lemu::Status valid = check_json(row.bytes, "E");
    REQUIRE_FALSE(valid);
    CHECK(
        valid.error().message.starts_with(std::string("E is in ") + row.encoding + ", which has a NUL byte"));
    CHECK(valid.error().remedy.find(std::string("iconv -f ") + row.encoding + " -t UTF-8 ") == 0);
  }
}

TEST_CASE("a client context is an object within Invoke's limit") {
  CHECK(check_client_context(R"( {"custom":{"k":"v"}})").has_value());
  CHECK(check_client_context(R"({"custom":{"k":"\ud800"}})").has_value());
  CHECK_FALSE(check_client_context("[1]").has_value());
  CHECK_FALSE(check_client_context("").has_value());
  CHECK_FALSE(check_client_context("{").has_value());
  const std::string frame = R"({"custom":""})";
  const auto of_size = [&](std::size_t size) {
    return R"({"custom":")" + std::string(size - frame.size(), 'x') + "\"}";
  };
  CHECK(check_client_context(of_size(kClientContextLimit)).has_value());
  CHECK_FALSE(check_client_context(of_size(kClientContextLimit + 1)).has_value());
}
