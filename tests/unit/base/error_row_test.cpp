// SPDX-License-Identifier: Apache-2.0
#include "base/error_row.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace lemu;

namespace {

constexpr ErrorRow kRow{"a-name",
                        ErrorKind::host_lacks,
                        "{path} is not {what}: {os_error}",
                        "A cause.",
                        "chmod {path}; send {} or {\"x\":1}",
                        "fork/exec {path}"};
static_assert(places_of(kRow).count == 2 && places_of(kRow).os_error);

constexpr ErrorRow kTable[] = {
    {"first", ErrorKind::internal, "first {number}", "A cause.", kNoRemedy},
    {"second", ErrorKind::bad_input, "second: {os_error}", "A cause.", "try"},
    {"third", ErrorKind::internal, "{path} is {what}", "A cause.", kNoRemedy},
};
LEMU_ERROR_FUNCTIONS(kTable)

}  // namespace

TEST_CASE("values fill the places in the order of their first appearance, each wherever its name stands") {
  const Error error = make_error(kRow, std::array<std::string, 2>{"/x", "{path}"}, 2);
  CHECK(error.message == "/x is not {path}: No such file or directory");
  CHECK(error.remedy == "chmod /x; send {} or {\"x\":1}");
  CHECK(error.aws_message == "fork/exec /x");
  CHECK(error.kind == ErrorKind::host_lacks);
  CHECK(error.os_error == 2);
  CHECK(error.slug == "a-name");
}

TEST_CASE("no value drives a terminal, and one in a command is one word of it") {
  constexpr ErrorRow row{"x", ErrorKind::internal, "{path} of {what}", "A cause.",
                         "see {path}: rm {$path}/{$what}"};
  static_assert(places_of(row).count == 2);
  const Error error = make_error(row, std::array<std::string, 2>{"/a b\x1b[2J", "-r f"});
  CHECK(error.message == "/a b\\x1b[2J of -r f");
  CHECK(error.remedy == "see /a b\\x1b[2J: rm $'/a b\\x1b[2J'/'./-r f'");
  CHECK(Error(error).within("\u202ename").message == "\\xe2\\x80\\xaename: " + error.message);
}

TEST_CASE("a wrong number of values is a bug") {
  CHECK_THROWS_AS((void)make_error(kRow, {}), std::logic_error);
  CHECK_THROWS_AS((void)make_error(kRow, std::array<std::string, 3>{"a", "b", "c"}), std::logic_error);
}

TEST_CASE("a table's errors are made by their slugs") {
  CHECK(fail<"first">(at<"number">(7)).value().message == "first 7");
  CHECK(error<"third">(at<"what">("b"), at<"path">("a")).message == "a is b");
  const Error second = error_errno<"second">(13);
  CHECK(second.message == "second: Permission denied");
  CHECK(second.os_error == 13);
  CHECK(second.kind == ErrorKind::bad_input);
}

TEST_CASE("text that looks like a place and is none stays") {
  for (const char* pattern : {"{}", "{ a}", "{A}", "{open", "}", "${1}", "{$}", "{$A}", ""}) {
    CAPTURE(pattern);
    const ErrorRow row{"x", ErrorKind::internal, pattern, "A cause.", kNoRemedy};
    CHECK(places_of(row).count == 0);
    CHECK(make_error(row, {}).message == pattern);
  }
}
