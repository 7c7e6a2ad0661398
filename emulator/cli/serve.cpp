// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/serve.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>

#include "base/http/listener.hpp"
#include "base/named_files.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/function_setup.hpp"
#include "emulator/cli/readiness.hpp"
#include "emulator/cli/terminal/exit_code.hpp"
#include "emulator/cli/terminal/own_descendants.hpp"
#include "emulator/cli/terminal/process_setup.hpp"
#include "emulator/cli/terminal/terminal_output.hpp"
#include "emulator/daemon/daemon.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

class ServeCommand {
 public:
  explicit ServeCommand(const ServeOptions& options)
      : options_(options),
        output_(STDOUT_FILENO, STDERR_FILENO, options.verbosity),
        log_(STDERR_FILENO, options.log_format, options.log_level) {}

  int run() {
    Status started = start();
    if (!started) {
      output_.error(started.error());
      return end(static_cast<int>(exit_code_of(started.error().kind)));
    }
    context_.run();
    notify_service_manager("STOPPING=1");
    return end(static_cast<int>(ExitCode::success));
  }

 private:
  Status start() {
    Result<DaemonSettings> settings = daemon_settings();
    LEMU_TRY(settings);
    // The daemon's threads are to leave signals to this one.
    std::optional<SignalsHeldBack> held(std::in_place);
    daemon_.emplace(context_, std::move(*settings), ids_, log_);
    daemon_->on_stop_asked([this] { stop(); });
    Result<std::string> address = daemon_->start();
    if (SignalsHeldBack::any_came()) {
      daemon_.reset();
      descendants_.end();
      held.reset();  // it ends lemu
    }
    LEMU_TRY(address);
    if (!http::is_loopback(options_.listen))
      output_.note("--listen " + options_.listen +
                   ": everybody who reaches this address can run your functions");
    await_signal();
    held.reset();
    return announce(*address);
  }

  Result<DaemonSettings> daemon_settings() {
    DaemonSettings settings;
    settings.environment_base = default_environment_base(own_variable);
    settings.state_folder = options_.state_folder;
    if (settings.state_folder.empty() && options_.port != 0)
      settings.state_folder = default_state_folder(own_variable, options_.port);
    settings.log_folder = options_.log_folder;
    settings.listen = options_.listen;
    settings.port = options_.port;
    settings.callers = options_.callers;
    settings.broken = options_.broken;
    settings.host_names = options_.host_names;
    settings.drain_timeout = options_.drain_timeout;
    settings.http = options_.http;
    settings.http.connections = options_.connections;
    settings.payload_limit = options_.payload_limit;
    for (const ServedFunctionOptions& function : options_.functions) {
      Result<FunctionSetup> setup = function_setup(function.function, ids_, output_);
      if (!setup) return lemu::fail(std::move(setup.error()).within(function.origin));
      setup->rest = function.serving.pool.rest;
      setup->interrupted = SignalsHeldBack::any_came;
      settings.functions.push_back({std::move(*setup), function.serving, function.origin});
    }
    return settings;
  }

  /// What tells others that lemu can serve: after the listener is there.
  Status announce(const std::string& address) {
    if (!options_.port_file.empty()) {
      const Status written =
          write_file_atomically(options_.port_file, address.substr(address.rfind(':') + 1) + "\n");
      if (!written) return fail<"port-file-not-written">(at<"reason">(written.error().message));
    }
    notify_service_manager("READY=1");
    log_.write(DaemonLog::Level::info, "serving",
               {{"address", address}, {"functions", std::to_string(options_.functions.size())}});
    output_.answer("lemu serves http://" + address + "\n", TerminalOutput::Ending::as_it_is);
    return output_.answers();
  }

  void await_signal() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
      if (!ignored_by_caller(number)) signals_.add(number);
    wait_for_signal();
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& code, int) {
      if (code) return;
      stop();
      wait_for_signal();
    });
  }

  /// The first time what runs may finish; the second time it may not.
  void stop() {
    if (std::exchange(stopping_, true)) {
      log_.write(DaemonLog::Level::warning, "ending at once");
      context_.stop();
      return;
    }
    log_.write(DaemonLog::Level::info, "draining");
    notify_service_manager("STOPPING=1");
    daemon_->drain([this] { context_.stop(); });
  }

  /// Everything the daemon started is gone when this returns.
  int end(int code) {
    daemon_.reset();
    descendants_.end();
    return code;
  }

  const ServeOptions& options_;
  const OwnDescendants descendants_;
  TerminalOutput output_;
  DaemonLog log_;
  RandomIdentifiers ids_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_};
  std::optional<Daemon> daemon_;
  bool stopping_ = false;
};

}  // namespace

int run_serve(const ServeOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptors();  // functions have Lambda's
  return ServeCommand(options).run();
}

}  // namespace lemu::emulator::cli
