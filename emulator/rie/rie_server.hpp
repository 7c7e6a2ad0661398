// SPDX-License-Identifier: Apache-2.0
// RieServer: stands in for aws-lambda-rie: one route, behind it one ExecutionEnvironment without a sandbox,
// made at the first invocation. Owned by the command; lives on its io_context's thread.
#pragma once

#include <sys/resource.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/http/host_guard.hpp"
#include "base/http/http.hpp"
#include "emulator/environment/environment_host.hpp"
#include "emulator/environment/environment_wiring.hpp"
#include "emulator/environment/execution_environment.hpp"
#include "emulator/environment/identifiers.hpp"
#include "emulator/rie/rie_function.hpp"
#include "emulator/rie/rie_log.hpp"
#include "emulator/rie/rie_settings.hpp"
#include "qemu/launch_plan.hpp"

namespace lemu::emulator {

/// Where the function's output and the lines about its invocations go.
struct RieOutput {
  std::function<void(std::string_view bytes)> write;
  std::function<void(std::function<void()> then)> when_taken;  ///< as LogSink's
};

/// What runs the function.
struct RieHost {
  std::string helper;   ///< lemu-sandbox
  rlimit open_files{};  ///< the limit that the function is given
};

class RieServer final : public http::Handler, public LogSink {
 public:
  /// `log` must outlive it.
  RieServer(boost::asio::io_context& context, const RieSettings& settings, RieFunction function, RieHost host,
            RieOutput output, RieLog& log);
  ~RieServer() override;

  /// Listens for invocations and for the runtime. An error when an address cannot be had.
  Status start();

 private:
  http::HeadVerdict on_head(const http::Request& request) override;
  void on_request(http::Request& request, http::Reply reply) override;
  /// The function goes on, and its answer is dropped.
  void on_peer_gone(const http::Reply&) override {}
  [[nodiscard]] bool is_invocation(const http::Request& request) const;

  boost::asio::awaitable<void> serve(rapi::Event event, http::Reply reply);
  boost::asio::awaitable<Status> make_ready();
  [[nodiscard]] qemu::LaunchPlan plan_launch(const std::string& runtime_api) const;
  void refuse_working_folder(const std::string& request_id, const http::Reply& reply);
  void finish(const InvocationRecord& record, const Answer& told, const http::Reply& reply);

  // The function's stdout and stderr both go to stdout. Lines that aws-lambda-rie writes are written in its
  // form.
  void function_output(std::string_view bytes) override;
  void platform_line(std::string_view) override {}
  void detail(std::string_view) override {}
  void misuse(const std::string&, const std::string& text) override { log_.write(RieLevel::warning, text); }
  void when_taken(std::function<void()> then) override { output_.when_taken(std::move(then)); }
  void line(std::string_view text);

  boost::asio::io_context& context_;
  const RieSettings& settings_;
  const RieFunction function_;
  const RieHost runner_;
  const RieOutput output_;
  RieLog& log_;
  http::HostGuard guard_;
  RandomIdentifiers ids_;
  std::optional<RuntimeApiEndpoint> runtime_api_;  ///< until an environment has it
  EnvironmentHost host_{EnvironmentHost::Environments::one};
  std::unique_ptr<ExecutionEnvironment> environment_;
  std::optional<http::Server> server_;
  bool busy_ = false;
  bool at_line_start_ = true;
};

}  // namespace lemu::emulator
