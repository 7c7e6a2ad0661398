// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/serve.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/syscall.hpp"
#include "emulator/api/daemon_api.hpp"
#include "emulator/cli/errors.hpp"
#include "emulator/cli/exit_code.hpp"
#include "emulator/cli/function_setup.hpp"
#include "emulator/cli/process_setup.hpp"
#include "emulator/cli/terminal_output.hpp"
#include "qemu/sandbox/descendants.hpp"
#include "rapi/listener.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

class ServeCommand {
 public:
  explicit ServeCommand(const ServeOptions& options)
      : options_(options), output_(STDOUT_FILENO, STDERR_FILENO, options.verbosity) {}

  int run() {
    Status started = start();
    if (!started) {
      output_.error(started.error());
      return end(static_cast<int>(exit_code_of(started.error().kind)));
    }
    context_.run();
    return end(exit_code_);
  }

 private:
  Status start() {
    Result<Fd> listener = rapi::listen_on(options_.listen, options_.port);
    if (!listener) return fail(std::move(listener.error()));
    Result<std::string> address = rapi::address_of(*listener);
    if (!address) return fail(std::move(address.error()));
    if (!options_.listen.starts_with("127."))
      output_.note("--listen " + options_.listen +
                   ": everybody who reaches this address can run your functions");
    if (Status made = make_functions(); !made) return made;
    const HostGuard::Reach reach =
        options_.listen.starts_with("127.") ? HostGuard::Reach::loopback : HostGuard::Reach::network;
    api_.emplace(HostGuard(reach, options_.host_names), functions_, ids_);
    server_.emplace(context_, std::move(*listener), *api_);
    server_->start();
    await_signals();
    return announce(*address);
  }

  Status make_functions() {
    const std::string base =
        default_environment_base([](const char* name) -> const char* { return std::getenv(name); });
    Result<EnvironmentFolder> folder = EnvironmentFolder::make(base);
    if (!folder) return fail(std::move(folder.error()));
    folder_.emplace(std::move(*folder));
    for (const ServedFunctionOptions& function : options_.functions) {
      Status added = add(function);
      if (!added)
        return fail(std::move(added.error()).within("function " + *function.function.settings.name));
    }
    return {};
  }

  Status add(const ServedFunctionOptions& options) {
    Result<SessionSettings> settings = session_settings(options.function, options.target, ids_, output_);
    if (!settings) return fail(std::move(settings.error()));
    auto function = std::make_unique<ServedFunction>(
        context_, std::move(*settings), options.pool, account_, ids_, EnvironmentFolder::beside(*folder_),
        [this, name = *options.function.settings.name](const std::string& text) {
          output_.note("function " + name + ": " + text);
        });
    if (Status prepared = function->prepare(); !prepared) return prepared;
    function->pool().prewarm(options.prewarm);
    functions_.add(std::move(function));
    return {};
  }

  /// What tells others that lemu can serve: after the listener is there.
  Status announce(const std::string& address) {
    if (!options_.port_file.empty()) {
      Status written =
          write_file_atomically(options_.port_file, address.substr(address.rfind(':') + 1) + "\n");
      if (!written) return fail<"port-file-not-written">(written.error().message);
    }
    output_.answer("lemu serves http://" + address + "\n", TerminalOutput::Ending::as_it_is);
    return output_.answers();
  }

  void await_signals() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
      if (!ignored_by_caller(number)) signals_.add(number);
    signals_.async_wait([this](const boost::system::error_code& code, int) {
      if (!code) context_.stop();
    });
  }

  /// Everything the daemon started is gone when this returns.
  int end(int code) {
    server_.reset();
    functions_.clear();
    sandbox::kill_and_reap_descendants([](pid_t, int, void*) {}, nullptr, not_ours_);
    return code;
  }

  const ServeOptions& options_;
  const std::vector<pid_t> not_ours_ = sandbox::present_descendants();
  TerminalOutput output_;
  RandomIdentifiers ids_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_};
  AccountConcurrency account_;
  std::optional<EnvironmentFolder> folder_;
  FunctionRegistry functions_;
  std::optional<DaemonApi> api_;
  std::optional<rapi::HttpServer> server_;
  int exit_code_ = static_cast<int>(ExitCode::success);
};

}  // namespace

int run_serve(const ServeOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  // A helper that is killed leaves its orphans to lemu, which ends them too.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  return ServeCommand(options).run();
}

}  // namespace lemu::emulator::cli
