// SPDX-License-Identifier: Apache-2.0
// Wiring: how a launch plan becomes an execution environment: its Runtime API's endpoint, its limits, its
// helper. Every command makes its environments by it. Owns nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "emulator/environment/execution_environment.hpp"
#include "emulator/function/config.hpp"
#include "qemu/launch_plan.hpp"

namespace lemu::emulator {

/// Where an environment's runtime calls. It listens before there is a function, as its address is in the
/// function's variables.
struct RuntimeApiEndpoint {
  Fd listener;
  std::string address;  ///< as the function is told: AWS_LAMBDA_RUNTIME_API
};

/// On a free port of this machine's own address.
[[nodiscard]] Result<RuntimeApiEndpoint> loopback_endpoint();

/// What an environment's settings are made of, besides the plan and the endpoint.
struct EnvironmentWiring {
  std::string helper;  ///< host path of lemu-sandbox
  const FunctionConfig& function;
  Rest rest = Rest::running;
  std::optional<double> timeout_scale = {};
  /// Lambda's for the init of an on-demand function ("Lambda execution environment lifecycle").
  std::chrono::milliseconds init_limit{10'000};
};

/// The plan holds the function's variables already (qemu::set_environment).
[[nodiscard]] EnvironmentSettings wire_environment(const EnvironmentWiring& wiring,
                                                   const qemu::LaunchPlan& plan, RuntimeApiEndpoint endpoint);

/// Makes the environment and its sandbox. On the context's thread.
[[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<ExecutionEnvironment>>> open_environment(
    boost::asio::io_context& context, EnvironmentHost& host, EnvironmentSettings settings, LogSink& log);

}  // namespace lemu::emulator
