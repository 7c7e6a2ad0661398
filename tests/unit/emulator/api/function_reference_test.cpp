// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/function_reference.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {

TEST_CASE("each way to name a function") {
  const struct {
    const char* path;
    const char* query;
    const char* name;
    const char* qualifier;
    const char* region;
  } rows[] = {
      {"hello", "", "hello", "", ""},
      {"hello.world", "", "hello.world", "", ""},
      {"a.b-c_d.:live", "", "a.b-c_d.", "live", ""},
      {"..", "", "..", "", ""},
      {"hello:$LATEST.PUBLISHED", "", "hello", "$LATEST.PUBLISHED", ""},
      {"eu-west-1:123456789012:function:a.b", "", "a.b", "", "eu-west-1"},
      {"us-gov-west-1:123456789012:hello", "", "hello", "", "us-gov-west-1"},
      {"us-iso-east-1:hello", "", "hello", "", "us-iso-east-1"},
      {"us-isob-east-1:function:hello", "", "hello", "", "us-isob-east-1"},
      {"eusc-de-east-1:hello", "", "hello", "", "eusc-de-east-1"},
      {"us-east-1", "", "us-east-1", "", ""},
      {"arn:aws:lambda:us-east-1:123456789012:function:a.b:live", "", "a.b", "live", "us-east-1"},
      {"hello", "$LATEST", "hello", "$LATEST", ""},
      {"hello:7", "", "hello", "7", ""},
      {"hello:$LATEST", "", "hello", "$LATEST", ""},
      {"hello%3Alive", "live", "hello", "live", ""},
      {"function:hello", "", "hello", "", ""},
      {"function", "", "function", "", ""},
      {"123456789012:function:hello", "", "hello", "", ""},
      {"123456789012:hello:live", "", "hello", "live", ""},
      {"123456789012", "", "123456789012", "", ""},
      {"arn:aws:lambda:eu-west-1:123456789012:function:hello", "", "hello", "", "eu-west-1"},
      {"arn:aws:lambda:eu-west-1:123456789012:function:hello:3", "", "hello", "3", "eu-west-1"},
      {"arn:aws-cn:lambda:cn-north-1:123456789012:function:hello", "", "hello", "", "cn-north-1"},
      {"arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Ahello", "", "hello", "", "us-east-1"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.path);
    const auto reference = parse_function_reference(row.path, row.query);
    REQUIRE(reference);
    CHECK(reference->name == row.name);
    CHECK(reference->qualifier == row.qualifier);
    CHECK(reference->region == row.region);
  }
}

TEST_CASE("what names no function") {
  for (const char* path :
       {"", ":", "a b", "hello:", "hello:a.b", "us-east:a:b", "hello:a:b", "arn:aws:lambda",
        "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:1:layer:x:y", "h%C3%A9"}) {
    CAPTURE(path);
    const auto reference = parse_function_reference(path, "");
    REQUIRE_FALSE(reference);
    CHECK(reference.error().fault == ApiFault::validation);
  }
  const auto lengthy = parse_function_reference(std::string(257, 'a'), "");
  REQUIRE_FALSE(lengthy);
  CHECK(lengthy.error().message.ends_with("Member must have length less than or equal to 256"));
  CHECK(parse_function_reference(std::string(256, 'a'), ""));
}

TEST_CASE("what names no qualifier") {
  for (const char* qualifier : {"7", "live", "$LATEST", "$LATEST.PUBLISHED", "a-b_c"})
    CHECK(parse_function_reference("hello", qualifier));
  CHECK(parse_function_reference("hello", std::string(128, 'a')));
  for (const std::string& qualifier :
       {std::string("a b"), std::string("a.b"), std::string("a:b"), std::string(129, 'a')}) {
    CAPTURE(qualifier);
    const auto reference = parse_function_reference("hello", qualifier);
    REQUIRE_FALSE(reference);
    CHECK(reference.error().fault == ApiFault::validation);
    CHECK(reference.error().message.find("at 'qualifier' failed to satisfy constraint: Member must") !=
          std::string::npos);
  }
}

TEST_CASE("the account of an ARN is told") {
  for (const char* path : {"999999999999:hello", "999999999999:function:hello",
                           "arn:aws:lambda:eu-west-1:999999999999:function:hello:3"})
    CHECK(parse_function_reference(path, "")->account == "999999999999");
  CHECK(parse_function_reference("hello", "")->account.empty());
  CHECK(parse_function_reference("999999999999", "")->account.empty());
}

TEST_CASE("two qualifiers must be one") {
  const auto differing = parse_function_reference("hello:a", "b");
  REQUIRE_FALSE(differing);
  CHECK(differing.error().fault == ApiFault::invalid_parameter_value);
  CHECK(differing.error().message ==
        "The derived qualifier from the function name does not match the specified qualifier.");
}

}  // namespace lemu::emulator
