// SPDX-License-Identifier: Apache-2.0
// FunctionLauncher: one function made ready once, from which execution environments are launched, as many as
// are wanted: what a session of one invocation and a daemon's pool share. Owned by either; outlives what it
// launched. Lives on its io_context's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/environment/execution_environment.hpp"
#include "emulator/environment/preparation.hpp"

namespace lemu::emulator {

/// Where results and remarks about a function go.
class SessionOutput : public LogSink {
 public:
  /// Something the user should know; a sentence.
  virtual void note(const std::string& text) = 0;
  /// The same about the user's safety: told even where nothing else is.
  virtual void warning(const std::string& text) = 0;
};

/// What is an environment's own.
struct EnvironmentPlace {
  EnvironmentFolder& folder;
  LogSink& log;
  std::string log_stream;  ///< as in AWS_LAMBDA_LOG_STREAM_NAME
};

class FunctionLauncher {
 public:
  enum class Weight {
    note,     ///< good to know
    warning,  ///< about the user's safety: never left out
  };
  using Remark = std::function<void(Weight, const std::string& sentence)>;
  FunctionLauncher(boost::asio::io_context& context, EnvironmentHost& host, FunctionSetup setup,
                   Remark remark);
  FunctionLauncher(const FunctionLauncher&) = delete;
  FunctionLauncher& operator=(const FunctionLauncher&) = delete;

  /// Opens the package (a zip is unpacked into the folder's `code`), finds what runs it. Once. Blocking.
  Status prepare(EnvironmentFolder& folder);
  /// Makes the sandbox. Goes on without one, from then on, and says so, only where none was insisted on, lemu
  /// is not root, and a trial without the package shows that this host withholds sandboxes (HostSandbox).
  boost::asio::awaitable<Result<std::unique_ptr<ExecutionEnvironment>>> launch(EnvironmentPlace place);
  /// The init ahead of the first invocation. An environment that was refused its user or its limits is
  /// replaced by one without a sandbox, as by launch().
  boost::asio::awaitable<Status> init(std::unique_ptr<ExecutionEnvironment>& environment,
                                      EnvironmentPlace place);

  [[nodiscard]] const FunctionSetup& setup() const { return setup_; }
  [[nodiscard]] const PreparedFunction& prepared() const { return prepared_; }
  /// How the function is run; known once an environment was launched.
  [[nodiscard]] const RunMode& mode() const { return mode_; }
  [[nodiscard]] const std::vector<qemu::Reason>& reasons() const { return reasons_; }
  [[nodiscard]] const qemu::LaunchPlan& plan() const { return plan_; }
  /// The words that run a foreign program by QEMU; empty natively.
  [[nodiscard]] const std::vector<std::string>& qemu_command() const { return qemu_command_; }

 private:
  using Environment = std::unique_ptr<ExecutionEnvironment>;
  boost::asio::awaitable<Result<Environment>> launch_as(qemu::SandboxChoice sandbox,
                                                        const EnvironmentPlace& place);
  struct PlannedEnvironment {
    Fd code;  ///< held until it is mounted
    qemu::LaunchPlan plan;
    EnvironmentSettings settings;
  };
  [[nodiscard]] Result<PlannedEnvironment> plan_environment(qemu::SandboxChoice sandbox,
                                                            std::optional<qemu::LaunchPlan> made,
                                                            const EnvironmentPlace& place) const;
  [[nodiscard]] Result<std::vector<std::string>> variables(const qemu::LaunchPlan& plan,
                                                           const EnvironmentPlace& place,
                                                           const std::string& runtime_api) const;
  boost::asio::awaitable<Status> go_without_sandbox(const Error& refusal, const EnvironmentPlace& place);
  boost::asio::awaitable<void> try_host(const EnvironmentPlace& place);
  [[nodiscard]] Status check_whole(const qemu::LaunchPlan& plan, const ExecutionEnvironment& made) const;
  void describe_mode(qemu::LaunchPlan plan, const ExecutionEnvironment& environment);

  boost::asio::io_context& context_;
  EnvironmentHost& host_;
  FunctionSetup setup_;
  Remark remark_;
  PreparedFunction prepared_;
  std::optional<qemu::LaunchPlan> first_plan_;  ///< of prepare(), until an environment is launched by it
  qemu::LaunchPlan plan_;                       ///< as it was described
  std::string refusal_;                         ///< why there is no sandbox, when there was to be one
  std::vector<qemu::Reason> reasons_;
  std::vector<std::string> qemu_command_;
  RunMode mode_;
};

}  // namespace lemu::emulator
