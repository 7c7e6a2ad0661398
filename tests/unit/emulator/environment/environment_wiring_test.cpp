// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/environment_wiring.hpp"

#include <doctest/doctest.h>

using namespace lemu;
using namespace lemu::emulator;
using namespace std::chrono_literals;
using Executed = EnvironmentSettings::Executed;
using Guest = LogReader::Guest;

namespace {

FunctionConfig function() {
  FunctionConfig config;
  config.name = "hello";
  config.region = "eu-central-1";
  config.memory_mb = 256;
  config.timeout = 3000ms;
  return config;
}

}  // namespace

TEST_CASE("an environment has the plan's specification and the function's figures") {
  const FunctionConfig config = function();
  qemu::LaunchPlan plan;
  plan.spec.hostname = "sandbox";
  plan.spec.environment = {"A=b"};
  Result<RuntimeApiEndpoint> endpoint = loopback_endpoint();
  REQUIRE(endpoint);
  CHECK(endpoint->address.starts_with("127.0.0.1:"));
  const int listener = endpoint->listener.get();
  const EnvironmentSettings settings = wire_environment(
      {.helper = "/x/lemu-sandbox", .function = config, .rest = Rest::frozen}, plan, std::move(*endpoint));
  CHECK(settings.helper == "/x/lemu-sandbox");
  CHECK(settings.spec.hostname == "sandbox");
  CHECK(settings.spec.environment == plan.spec.environment);
  CHECK(settings.runtime_api_listener.get() == listener);
  CHECK(settings.function.name == "hello");
  CHECK(settings.function.region == "eu-central-1");
  CHECK(settings.function.memory_mb == 256);
  CHECK(settings.rest == Rest::frozen);
}

TEST_CASE("limits in wall time follow the scale; an emulated init has three times as long without one") {
  struct Case {
    bool emulated;
    std::optional<double> scale;
    std::chrono::milliseconds timeout;
    std::chrono::milliseconds init;
  };
  const Case cases[] = {
      {false, std::nullopt, 3000ms, 10'000ms},
      {true, std::nullopt, 3000ms, 30'000ms},
      {false, 2, 6000ms, 20'000ms},
      {true, 2, 6000ms, 20'000ms},
      {true, 1, 3000ms, 10'000ms},
      {false, 0.5, 1500ms, 5000ms},
  };
  const FunctionConfig config = function();
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    qemu::LaunchPlan plan;
    plan.emulated = c.emulated;
    const EnvironmentSettings settings =
        wire_environment({.helper = {}, .function = config, .timeout_scale = c.scale}, plan, {});
    CHECK(settings.timeout == c.timeout);
    CHECK(settings.init_limit == c.init);
    CHECK(settings.guest == (c.emulated ? Guest::emulated : Guest::native));
  }
}

TEST_CASE("an init limit of the caller's own takes the place of Lambda's") {
  const FunctionConfig config = function();
  const EnvironmentSettings settings =
      wire_environment({.helper = {}, .function = config, .init_limit = 300s}, {}, {});
  CHECK(settings.init_limit == 300s);
}

TEST_CASE("what is executed first is QEMU only where the plan is direct") {
  using qemu::ExecutionMode;
  const FunctionConfig config = function();
  for (const ExecutionMode mode : {ExecutionMode::native, ExecutionMode::private_binfmt,
                                   ExecutionMode::host_binfmt, ExecutionMode::direct}) {
    CAPTURE(qemu::name_of(mode));
    qemu::LaunchPlan plan;
    plan.execution = mode;
    const EnvironmentSettings settings = wire_environment({.helper = {}, .function = config}, plan, {});
    CHECK(settings.executed == (mode == ExecutionMode::direct ? Executed::qemu : Executed::bootstrap));
  }
}

TEST_CASE("shared memory is limited in a namespace of the sandbox's own only") {
  const FunctionConfig config = function();
  qemu::LaunchPlan plan;
  plan.spec.isolation = sandbox::Isolation::namespaces;
  CHECK(wire_environment({.helper = {}, .function = config}, plan, {}).spec.shared_memory ==
        std::uint64_t{256} << 20);
  plan.spec.isolation = sandbox::Isolation::plain;
  CHECK(wire_environment({.helper = {}, .function = config}, plan, {}).spec.shared_memory == 0);
}
