// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/serve_options.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator::cli {
namespace {

Result<std::variant<ServeOptions, HelpText>> parse(std::vector<std::string> arguments) {
  return parse_serve(arguments);
}

}  // namespace

TEST_CASE("reserved concurrency leaves 100 of the account's to functions that reserve none") {
  CHECK(parse({"--function", "a=a,concurrency=450", "--function", "b=b,concurrency=450"}));
  const auto refused = parse({"--function", "a=a,concurrency=450", "--function", "b=b,concurrency=451"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "function b: its reserved concurrency decreases account's UnreservedConcurrentExecution below its "
        "minimum value of [100]: 901 of 1000 are reserved");
  CHECK_FALSE(parse({"--concurrency", "301", "--function", "a=a", "--function", "b=b", "--function", "c=c"}));
}

}  // namespace lemu::emulator::cli
