// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/shell.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>

#include "base/rethrow.hpp"
#include "emulator/cli/function_setup.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/own_descendants.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

class ShellCommand {
 public:
  explicit ShellCommand(const ShellOptions& options)
      : options_(options), output_(STDOUT_FILENO, STDERR_FILENO, options.function.verbosity) {}

  int run() {
    Result<SessionSettings> settings = session_settings(options_.function, ids_, output_);
    if (!settings) return refuse(settings.error());
    settings->setup.stdio = sandbox::Stdio::inherited;
    settings->setup.shell = options_.command.empty() ? std::vector<std::string>{"/bin/sh"} : options_.command;
    session_.emplace(context_, std::move(*settings), ids_, output_);
    // The terminal's own signals are the command's; the rest end lemu, and with it the command.
    for (int number : {SIGINT, SIGQUIT}) ::signal(number, SIG_IGN);
    asio::signal_set signals(context_);
    for (const int number : {SIGTERM, SIGHUP})
      if (!ignored_by_caller(number)) signals.add(number);
    signals.async_wait([this](const boost::system::error_code& code, int number) {
      if (code) return;
      exit_code_ = exit_code_of_signal(number);
      context_.stop();
    });
    asio::co_spawn(context_, visit(), [this](const std::exception_ptr& bug) {
      rethrow(bug);
      context_.stop();
    });
    context_.run();
    session_.reset();
    descendants_.end();
    return exit_code_;
  }

 private:
  asio::awaitable<void> visit() {
    Status opened = co_await session_->open();
    if (!opened) {
      exit_code_ = refuse(opened.error());
      co_return;
    }
    const Result<int> status = co_await session_->run_program();
    if (!status) {
      exit_code_ = refuse(status.error());
      co_return;
    }
    exit_code_ = WIFSIGNALED(*status) ? exit_code_of_signal(WTERMSIG(*status)) : WEXITSTATUS(*status);
    if (options_.function.launch.folder == LaunchOptions::Folder::kept)
      output_.line("kept: " + session_->folder());
  }

  int refuse(const Error& error) {
    output_.error(error);
    return static_cast<int>(exit_code_of(error.kind));
  }

  const ShellOptions& options_;
  const OwnDescendants descendants_;
  TerminalOutput output_;
  RandomIdentifiers ids_;
  asio::io_context context_{1};
  std::optional<Session> session_;
  int exit_code_ = 0;
};

}  // namespace

int run_shell(const ShellOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  return ShellCommand(options).run();
}

}  // namespace lemu::emulator::cli
