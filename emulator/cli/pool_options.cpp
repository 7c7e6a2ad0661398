// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/pool_options.hpp"

#include <charconv>

#include "emulator/cli/parser/command_line_values.hpp"

namespace lemu::emulator::cli {
namespace {

constexpr std::uint32_t kAccountLimit = AccountConcurrency::kLimit;
constexpr std::uint32_t kMostQueued = 1'000'000;

/// 0 is a value of its own: a function that is always throttled.
Take take_concurrency(std::optional<std::uint32_t>& into) {
  return [&into](const std::string& value) -> Status {
    std::uint32_t count = 0;
    Status taken = take_count(count, kAccountLimit, 0)(value);
    if (taken) into = count;
    return taken;
  };
}

Take take_retries(std::uint32_t& into) {
  return take_choice<std::uint32_t>(into, {{"0", 0}, {"1", 1}, {"2", 2}});
}

Take take_scale(double& into) {
  return [&into](const std::string& value) -> Status {
    constexpr double kMost = 1000;
    std::optional<double> scale;
    Status taken = take_factor(scale, kMost)(value);
    if (taken) into = *scale;
    return taken;
  };
}

OptionGroup pool_group(ServingSettings& into) {
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
       {"--prewarm", "N",
        "make N environments ahead of the first invocations, which wait for them; no more than its "
        "concurrency",
        "--prewarm 2", take_count(into.prewarm, kAccountLimit, 0)},
       {"--cold", "", "a fresh environment for each invocation; one of --prewarm serves one", "",
        take_switch(into.pool.reuse, PoolSettings::Reuse::never, PoolSettings::Reuse::warm)},
       {"--freeze", "",
        "stop an environment's processes between invocations, as Lambda does: what runs on in the background "
        "waits for the next one. By the kernel's freezer where lemu may make a cgroup (v2), else by a signal",
        "", take_switch(into.pool.rest, Rest::frozen, Rest::running)},
       {"--queue", "",
        "invocations over the function's or the account's concurrency wait for their turn, all functions' in "
        "one order, in place of being throttled; where the concurrency is 0 they still are",
        "", take_switch(into.pool.when_busy, PoolSettings::WhenBusy::queue, PoolSettings::WhenBusy::refuse)},
       {"--queue-limit", "N", "so many may wait, more are throttled (default: 1000)", "--queue-limit 50",
        take_count(into.pool.queue_limit, kMostQueued)}}};
}

OptionGroup retry_group(RetryRules& into) {
  return {
      "Asynchronous invocations",
      {{"--async-retries", "N", "how often an event whose invocation failed is tried again: 0 to 2 (default)",
        "--async-retries 0", take_retries(into.retries)},
       {"--async-max-age", "TIME", "give an event up that is so old (default: 6h)", "--async-max-age 1h",
        take_time(into.max_age)},
       {"--async-delay-scale", "X",
        "multiplies Lambda's delays before an event is tried again: 1 and 2 minutes, and 1 s to 5 minutes "
        "where it could not be run; not the maximum age",
        "--async-delay-scale 0.01", take_scale(into.delay_scale)}}};
}

}  // namespace

std::vector<OptionGroup> serving_option_groups(ServingSettings& into) {
  return {pool_group(into), retry_group(into.retries)};
}

}  // namespace lemu::emulator::cli
