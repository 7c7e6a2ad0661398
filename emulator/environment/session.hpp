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

#include "emulator/environment/function_launcher.hpp"
#include "emulator/environment/identifiers.hpp"
#include "emulator/report/invocation_record.hpp"

namespace lemu::emulator {

struct SessionSettings {
  FunctionSetup setup;
  std::string environment_base;  ///< where environments' folders are made
  Invocation::MemoryFigure memory_figure = Invocation::MemoryFigure::wanted;
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
  /// `sink` takes the response of a function that streams.
  boost::asio::awaitable<InvocationRecord> invoke(const std::string& event, const std::string& client_context,
                                                  ResponseSink& sink, std::function<void(Answer)> answered);

  /// Runs the settings' `shell` in place of the runtime, to its end: its wait(2) status. No limit applies.
  boost::asio::awaitable<Result<int>> run_program();

  /// How the function is run; known after open().
  [[nodiscard]] const FunctionLauncher& launcher() const { return launcher_; }
  [[nodiscard]] const RunMode& mode() const { return launcher_.mode(); }
  /// The folder that stays, when it was to be kept.
  [[nodiscard]] const std::string& folder() const { return folder_->path(); }

 private:
  [[nodiscard]] EnvironmentPlace place();
  boost::asio::awaitable<Status> renew();
  [[nodiscard]] Status check_emulator() const;
  InvocationRecord failed_without_environment(const std::string& request_id,
                                              const std::function<void(Answer)>& answered);

  Identifiers& ids_;
  SessionOutput& output_;
  const std::string environment_base_;
  const Invocation::MemoryFigure memory_figure_;
  EnvironmentHost host_{EnvironmentHost::Environments::one};
  FunctionLauncher launcher_;
  std::optional<EnvironmentFolder> folder_;
  std::unique_ptr<ExecutionEnvironment> environment_;  // ends before its folder goes
};

}  // namespace lemu::emulator
