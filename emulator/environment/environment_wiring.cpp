// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/environment_wiring.hpp"

#include <cmath>
#include <utility>

#include "base/http/listener.hpp"

namespace lemu::emulator {
namespace {

// An init is mostly code that runs once, which QEMU must translate first: it takes ten times as long and
// more.
constexpr double kEmulatedInitScale = 3;

std::chrono::milliseconds scaled(std::chrono::milliseconds limit, double scale) {
  return std::chrono::milliseconds(std::llround(static_cast<double>(limit.count()) * scale));
}

}  // namespace

Result<RuntimeApiEndpoint> loopback_endpoint() {
  Result<Fd> listener = http::listen_on_loopback();
  LEMU_TRY(listener);
  Result<std::string> address = http::address_of(*listener);
  LEMU_TRY(address);
  return RuntimeApiEndpoint{std::move(*listener), std::move(*address)};
}

EnvironmentSettings wire_environment(const EnvironmentWiring& wiring, const qemu::LaunchPlan& plan,
                                     RuntimeApiEndpoint endpoint) {
  const FunctionConfig& function = wiring.function;
  EnvironmentSettings settings;
  settings.helper = wiring.helper;
  settings.spec = plan.spec;
  if (plan.spec.isolation == sandbox::Isolation::namespaces)
    settings.spec.shared_memory = function.memory_mb << 20;
  settings.runtime_api_listener = std::move(endpoint.listener);
  settings.function = function;
  settings.timeout = scaled(function.timeout, wiring.timeout_scale.value_or(1));
  settings.init_limit =
      scaled(wiring.init_limit, wiring.timeout_scale.value_or(plan.emulated ? kEmulatedInitScale : 1));
  settings.rest = wiring.rest;
  settings.guest = plan.emulated ? LogReader::Guest::emulated : LogReader::Guest::native;
  if (plan.execution == qemu::ExecutionMode::direct) settings.executed = EnvironmentSettings::Executed::qemu;
  return settings;
}

boost::asio::awaitable<Result<std::unique_ptr<ExecutionEnvironment>>> open_environment(
    boost::asio::io_context& context, EnvironmentHost& host, EnvironmentSettings settings, LogSink& log) {
  auto environment = std::make_unique<ExecutionEnvironment>(context, host, std::move(settings), log);
  LEMU_CO_TRY(co_await environment->open());
  co_return environment;
}

}  // namespace lemu::emulator
