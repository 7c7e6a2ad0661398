// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/rie.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>
#include <string>

#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/own_descendants.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"
#include "emulator/rie/rie_server.hpp"
#include "qemu/sandbox/embedded_helper.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

class RieCommand {
 public:
  explicit RieCommand(const RieSettings& settings)
      : settings_(settings),
        out_(STDOUT_FILENO, &context_),
        err_(STDERR_FILENO, &context_),
        log_([this](std::string_view line) { err_.write(line); }, settings.level) {}

  int run() {
    if (Status started = start(); !started) {
      TerminalOutput(STDOUT_FILENO, STDERR_FILENO, Verbosity::normal).error(started.error());
      return end(static_cast<int>(exit_code_of(started.error().kind)));
    }
    context_.run();
    return end(static_cast<int>(ExitCode::success));
  }

 private:
  Status start() {
    Result<RieFunction> function = rie_function(settings_, process_environment());
    LEMU_TRY(function);
    Result<std::string> helper = find_helper();
    LEMU_TRY(helper);
    server_.emplace(context_, settings_, std::move(*function), RieHost{std::move(*helper), open_files_},
                    RieOutput{[this](std::string_view bytes) { out_.write(bytes); },
                              [this](std::function<void()> then) { out_.when_taken(std::move(then)); }},
                    log_);
    LEMU_TRY(server_->start());
    await_signals();
    return {};
  }

  /// lemu may have been copied alone.
  Result<std::string> find_helper() {
    if (Result<std::string> libexec = libexec_folder(); libexec) return *libexec + "/lemu-sandbox";
    Result<sandbox::EmbeddedHelper> embedded = sandbox::EmbeddedHelper::make();
    LEMU_TRY(embedded);
    embedded_.emplace(std::move(*embedded));
    return embedded_->path();
  }

  void await_signals() {
    for (const int number : {SIGINT, SIGTERM})
      if (!ignored_by_caller(number)) signals_.add(number);
    signals_.async_wait([this](const boost::system::error_code& code, int number) {
      if (code) return;
      log_.write(RieLevel::info,
                 std::string("Received signal signal=") + (number == SIGTERM ? "terminated" : "interrupt"));
      context_.stop();
    });
  }

  int end(int code) {
    server_.reset();
    descendants_.end();
    return code;
  }

  const RieSettings& settings_;
  const rlimit open_files_ = raise_descriptors();
  const OwnDescendants descendants_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_};
  OutputStream out_;
  OutputStream err_;
  RieLog log_;
  std::optional<sandbox::EmbeddedHelper> embedded_;
  std::optional<RieServer> server_;
};

}  // namespace

int run_rie(const RieSettings& settings) {
  ::signal(SIGPIPE, SIG_IGN);
  return RieCommand(settings).run();
}

}  // namespace lemu::emulator::cli
