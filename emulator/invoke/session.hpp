// SPDX-License-Identifier: Apache-2.0
// Session: one function made ready and invoked, once or several times, in one execution environment: what
// `lemu invoke` does, without its command line. Owns the environment and its folder. Lives on its
// io_context's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/environment/execution_environment.hpp"
#include "emulator/environment/preparation.hpp"
#include "emulator/function/config.hpp"
#include "emulator/function/credentials.hpp"
#include "emulator/function/variables.hpp"
#include "emulator/invoke/identifiers.hpp"
#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

struct SessionSettings {
  RunSettings run;
  FunctionConfig function;
  UserVariables variables;
  Credentials credentials;
  std::optional<double> timeout_scale;  ///< stretches function timeout, init limit and deadline alike
  std::string environment_base;         ///< where environments' folders are made
  enum class Folder { removed, kept } folder = Folder::removed;
  Invocation::MemoryFigure memory_figure = Invocation::MemoryFigure::wanted;
};

/// Where a session's results and remarks go.
class SessionOutput : public LogSink {
 public:
  /// Something the user should know; a sentence.
  virtual void note(const std::string& text) = 0;
};

class Session {
 public:
  Session(boost::asio::io_context& context, SessionSettings settings, Identifiers& ids,
          SessionOutput& output);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Prepares the package, plans the launch and makes the sandbox. Where the sandbox is refused and was not
  /// insisted on, goes on without one, and says so.
  boost::asio::awaitable<Status> open();
  /// The init ahead of the first invocation.
  boost::asio::awaitable<Status> init();
  /// An environment that is lost is replaced by a new one first, as on Lambda; without a sandbox /tmp stays
  /// the same.
  boost::asio::awaitable<InvocationRecord> invoke(const std::string& event, const std::string& client_context,
                                                  std::function<void(Answer)> answered);

  /// Runs the settings' `shell` in place of the runtime, to its end: its wait(2) status. No limit applies.
  boost::asio::awaitable<Result<int>> run_program();

  /// How the function is run; known after open().
  [[nodiscard]] const RunMode& mode() const { return mode_; }
  [[nodiscard]] const std::vector<qemu::Reason>& reasons() const { return reasons_; }
  [[nodiscard]] const qemu::LaunchPlan& plan() const { return plan_; }
  /// The words that run a foreign program by QEMU; empty natively.
  [[nodiscard]] const std::vector<std::string>& qemu_command() const { return qemu_command_; }
  /// The folder that stays, when it was to be kept.
  [[nodiscard]] const std::string& folder() const { return folder_->path(); }

 private:
  boost::asio::awaitable<Status> launch(qemu::SandboxChoice sandbox);
  boost::asio::awaitable<Status> launch_without_sandbox(const Error& refusal);
  [[nodiscard]] bool may_go_without_sandbox(const Error& error) const;
  boost::asio::awaitable<Status> renew();
  InvocationRecord failed_without_environment(const std::string& request_id,
                                              const std::function<void(Answer)>& answered);
  void describe_mode();
  [[nodiscard]] Status check_emulator() const;

  boost::asio::io_context& context_;
  SessionSettings settings_;
  Identifiers& ids_;
  SessionOutput& output_;
  std::optional<EnvironmentFolder> folder_;
  std::unique_ptr<ExecutionEnvironment> environment_;  // ends before its folder goes
  PreparedFunction prepared_;
  qemu::LaunchPlan plan_;
  qemu::SandboxChoice launched_ = qemu::SandboxChoice::automatic;  ///< how the last launch() was asked for
  std::string refusal_;  ///< why there is no sandbox, when there was to be one
  std::vector<qemu::Reason> reasons_;
  std::vector<std::string> qemu_command_;
  RunMode mode_;
};

}  // namespace lemu::emulator
