// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace lemu::rapi;

TEST_CASE("error types are sanitised") {
  struct Row {
    std::string_view header, expected;
  };
  const Row rows[] = {
      {"Runtime.ExitError", "Runtime.ExitError"},
      {"Function.MyReason", "Function.MyReason"},
      {"Runtime.Ab", "Runtime.Ab"},
      {"Runtime.A", "Runtime.Unknown"},
      {"Runtime.lower", "Runtime.Unknown"},
      {"Runtime.", "Runtime.Unknown"},
      {"Function.lower", "Function.Unknown"},
      {"Function.", "Function.Unknown"},
      {"function.Reason", "Runtime.Unknown"},
      {"unhandled", "Runtime.Unknown"},
      {"ValueError", "Runtime.Unknown"},
      {"", "Runtime.Unknown"},
      {"My.Function.Reason", "My.Function.Reason"},  // the pattern is not anchored
      {"Runtime.x Runtime.Yes", "Runtime.x Runtime.Yes"},
      {"Function.A1", "Function.Unknown"},
      {"Runtime.My_Reason-2", "Runtime.My_Reason-2"},
      {"Runtime.Yes\tStatus: success", "Runtime.Unknown"},  // another field of REPORT
      {"Function.Yes\x1b[2J", "Function.Unknown"},
      {"Runtime.Yes\x9b", "Runtime.Unknown"},
      {"Runtime.Yes\u202e", "Runtime.Unknown"},
      {"Runtime.Yes\x7f", "Runtime.Unknown"},
      {"Runtime.Yes\u00e9", "Runtime.Unknown"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.header);
    CHECK(sanitised_error_type(row.header) == row.expected);
  }
}

TEST_CASE("an X-Ray cause keeps what X-Ray knows, and is nothing when it is no cause") {
  struct Row {
    std::string_view json, expected;
  };
  const Row rows[] = {
      {R"({"working_directory":"/var/task","paths":["a"],"exceptions":[{"type":"T","message":"m","x":1,"stack":[{"path":"p","line":3,"label":"l"}]}],"y":2})",
       R"({"exceptions":[{"message":"m","type":"T","stack":[{"path":"p","line":3,"label":"l"}]}],"working_directory":"/var/task","paths":["a"]})"},
      {R"({"message":"m"})", R"({"exceptions":null,"working_directory":"","paths":null,"message":"m"})"},
      {R"({})", ""},
      {R"({"paths":[]})", ""},
      {R"({"exceptions":"no list"})", ""},
      {R"({"exceptions":[{"stack":[{"line":"3"}]}]})", ""},
      {R"([1])", ""},
      {"not json", ""},
      {"", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    CHECK(checked_error_cause(row.json) == row.expected);
  }
}

TEST_CASE("a large X-Ray cause is cropped to what fits") {
  std::string paths;
  for (int i = 0; i < 1000; ++i) paths += (i ? ",\"" : "\"") + std::string(100, 'p') + "\"";
  const std::string many = checked_error_cause("{\"paths\":[" + paths + "]}");
  CHECK(many.size() <= kMaxErrorCause);
  CHECK(many.size() > kMaxErrorCause / 2);  // 0.6 of 103 KB

  const std::string long_message = checked_error_cause("{\"message\":\"" + std::string(200'000, 'm') + "\"}");
  CHECK(long_message.size() <= kMaxErrorCause);
  CHECK(long_message.ends_with("mmm...\"}"));
}

TEST_CASE("a body that carries its cause is split") {
  const ErrorBody split = split_error_cause(
      R"({"errorType":"T","errorMessage":"m","stackTrace":["a","b"],"errorCause":{"message":"why"}})");
  CHECK(split.body == R"({"errorMessage":"m","errorType":"T","stackTrace":["a","b"]})");
  CHECK(split.content_type == "application/json");
  CHECK(split.xray_cause == R"({"exceptions":null,"working_directory":"","paths":null,"message":"why"})");

  const std::string deep = R"({"errorCause":)" + std::string(300'000, '[') + std::string(300'000, ']') + "}";
  for (const std::string_view bad :
       {"nonsense", "[]", R"({"errorMessage":1})", R"({"stackTrace":[1]})", "", deep.c_str()}) {
    CAPTURE(bad.substr(0, 50));
    const ErrorBody unreadable = split_error_cause(bad);
    CHECK(unreadable.body == R"("Invalid error body")");
    CHECK(unreadable.content_type == "application/octet-stream");
    CHECK(unreadable.xray_cause.empty());
  }
}
