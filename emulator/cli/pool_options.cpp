// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/pool_options.hpp"

#include <charconv>

#include "emulator/cli/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::uint32_t kAccountLimit = AccountConcurrency::kLimit;

/// 0 is a value of its own: a function that is always throttled.
Take take_concurrency(std::optional<std::uint32_t>& into) {
  return [&into](const std::string& value) -> Status {
    std::uint32_t count = 0;
    if (value == "0") {
      into = 0;
      return {};
    }
    Status taken = take_count(count, kAccountLimit)(value);
    if (taken) into = count;
    return taken;
  };
}

}  // namespace

OptionGroup pool_option_group(ServedFunctionOptions& into) {
  return {
      "Its environments",
      {{"--concurrency", "N",
        "reserved concurrency: at most N at once, more are throttled (429), 0 throttles all; default: the "
        "account's 1000 for all functions together",
        "--concurrency 10", take_concurrency(into.pool.reserved)},
       {"--idle-timeout", "TIME", "end an environment that had nothing to do for so long (default: 10m)",
        "--idle-timeout 30s", take_time(into.pool.idle_timeout)},
       {"--max-age", "TIME", "replace an environment that is so old (default: 8h)", "--max-age 1h",
        take_time(into.pool.max_age)},
       {"--prewarm", "N", "make N environments ahead of the first invocations", "--prewarm 2",
        take_count(into.prewarm, kAccountLimit)},
       {"--cold", "", "a fresh environment for each invocation", "",
        take_flag(into.pool.reuse, PoolSettings::Reuse::never)},
       {"--freeze", "",
        "stop an environment's processes between invocations, as Lambda does: what runs on in the background "
        "waits for the next one",
        "", take_flag(into.pool.rest, PoolSettings::Rest::frozen)},
       {"--queue", "",
        "invocations over the function's or the account's concurrency wait for their turn, all functions' in "
        "one order, in place of being throttled; where the concurrency is 0 they still are",
        "", take_flag(into.pool.when_busy, PoolSettings::WhenBusy::queue)}}};
}

}  // namespace lemu::emulator::cli
