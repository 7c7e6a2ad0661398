// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/rie.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <filesystem>

#include "base/base64.hpp"
#include "base/http/host_guard.hpp"
#include "base/http/listener.hpp"
#include "base/printable.hpp"
#include "base/rethrow.hpp"
#include "base/tcp_end.hpp"
#include "emulator/cli/exit_code.hpp"
#include "emulator/cli/function_setup.hpp"
#include "emulator/cli/own_descendants.hpp"
#include "emulator/cli/process_setup.hpp"
#include "emulator/cli/rie_function.hpp"
#include "emulator/cli/terminal_output.hpp"
#include "emulator/environment/environment_host.hpp"
#include "emulator/environment/execution_environment.hpp"
#include "emulator/environment/identifiers.hpp"
#include "emulator/report/platform_error.hpp"
#include "emulator/report/report_line.hpp"
#include "emulator/report/rie_report_line.hpp"
#include "qemu/sandbox/embedded_helper.hpp"

namespace lemu::emulator::cli {
namespace asio = boost::asio;

namespace {

constexpr std::string_view kPath = "/2015-03-31/functions/function/invocations";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kAccount = "arn:aws:lambda:us-east-1:012345678912:function:";
// aws-lambda-rie has no limit of its own; Lambda's is 6 MB.
constexpr std::size_t kLargestPayload = std::size_t{64} << 20;
// A size that no function reaches: the container limits memory, aws-lambda-rie does not.
constexpr std::uint64_t kUnlimitedMb = std::uint64_t{1} << 40;

std::vector<std::string> own_variables() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  return variables;
}

/// Without a host as Go's net.Listen: on all addresses, IPv6 ones included where the kernel has any.
Result<Fd> listen_at(const RieAddress& address) {
  if (!address.host.empty()) return http::listen_on(address.host, address.port);
  Result<Fd> all = http::listen_on("::", address.port);
  return all || all.error().os_error != EAFNOSUPPORT ? std::move(all)
                                                     : http::listen_on("0.0.0.0", address.port);
}

/// What the function is told: of all addresses it can reach loopback's.
Result<std::string> runtime_api_of(const Fd& listener) {
  std::optional<TcpEnd> end = bound_end(listener.get());
  if (!end || !end->is_wildcard()) return http::address_of(listener);
  return TcpEnd::of("127.0.0.1", ntohs(end->port))->text();
}

using http::HostGuard;

class RieCommand final : public http::Handler, public LogSink {
 public:
  explicit RieCommand(const RieOptions& options)
      : options_(options),
        out_(STDOUT_FILENO, &context_),
        err_(STDERR_FILENO, &context_),
        log_(err_, options.level),
        guard_(HostGuard::Reach::container, HostGuard::HostField::demanded, options.host_names) {}

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
    Result<RieFunction> function = rie_function(options_, process_environment());
    if (!function) return fail(std::move(function.error()));
    function_ = std::move(*function);
    if (Status found = find_helper(); !found) return found;
    Result<Fd> runtime_api = listen_at(options_.runtime_api);
    if (!runtime_api) return fail(std::move(runtime_api.error()));
    runtime_listener_ = std::move(*runtime_api);
    Result<Fd> listener = listen_at(options_.listen);
    if (!listener) return fail(std::move(listener.error()));
    Result<std::string> address = http::address_of(*listener);
    if (!address) return fail(std::move(address.error()));
    server_.emplace(context_, std::move(*listener), *this);
    server_->start();
    await_signals();
    log_.write(RieLevel::info, "exec '" + function_.command[0] + "' (cwd=" + function_.working_folder +
                                   ", handler=" + function_.handler + ")");
    log_.write(RieLevel::info, "Listening on " + *address);
    return {};
  }

  /// lemu may have been copied alone.
  Status find_helper() {
    if (Result<std::string> libexec = libexec_folder(); libexec) {
      helper_ = *libexec + "/lemu-sandbox";
      return {};
    }
    Result<sandbox::EmbeddedHelper> embedded = sandbox::EmbeddedHelper::make();
    if (!embedded) return fail(std::move(embedded.error()));
    embedded_.emplace(std::move(*embedded));
    helper_ = embedded_->path();
    return {};
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

  // ---- the one route

  http::HeadVerdict on_head(const http::Request& request) override {
    return {.body_limit = is_invocation(request) ? kLargestPayload : 0};
  }

  [[nodiscard]] bool is_invocation(const http::Request& request) const {
    return request.path() == kPath && !guard_.objection(request);
  }

  void on_request(http::Request& request, http::Reply reply) override {
    if (const std::optional<HostGuard::Objection> objection = guard_.objection(request))
      return answer(reply, objection->kind == HostGuard::Objection::Kind::malformed ? 400 : 403,
                    objection->why + "\n");
    if (request.path() != kPath) return answer(reply, 404, "404 page not found\n");
    if (request.end == http::BodyEnd::too_large) return answer(reply, 413, "the event is too large\n");
    if (request.end != http::BodyEnd::complete) return reply.drop();
    std::optional<std::string> context = base64_decode(request.header("X-Amz-Client-Context"));
    if (!context) {
      log_.write(RieLevel::error, "Failed to decode X-Amz-Client-Context: illegal base64 data");
      return answer(reply, 500, {});
    }
    if (busy_) {
      log_.write(RieLevel::error, "Failed to reserve: AlreadyReserved");
      return answer(reply, 400, {});
    }
    busy_ = true;
    rapi::Event event;
    event.request_id = make_request_id(ids_);
    event.function_arn = std::string(kAccount) + function_.name;
    event.trace_id =
        complete_trace_id(request.header("X-Amzn-Trace-Id"), ids_, std::chrono::system_clock::now());
    event.tenant_id = request.header("X-Amz-Tenant-Id");
    event.client_context = std::move(*context);
    event.body = std::move(request.body);
    asio::co_spawn(context_, serve(std::move(event), std::move(reply)), rethrow);
  }

  /// The function goes on, and its answer is dropped.
  void on_peer_gone(const http::Reply&) override {}

  static void answer(const http::Reply& reply, unsigned status, std::string_view body) {
    static constexpr std::array<http::Field, 1> kNoSniff{{{"X-Content-Type-Options", "nosniff"}}};
    http::Response response{.status = status, .body = body};
    if (!body.empty()) response.content_type = kText;
    if (status == 404) response.fields = kNoSniff;
    reply.send(response);
  }

  // ---- the function

  /// The answer follows the invocation's end: a caller may send the next one at once.
  asio::awaitable<void> serve(rapi::Event event, http::Reply reply) {
    if (std::error_code code; !std::filesystem::is_directory(function_.working_folder, code)) {
      busy_ = false;
      co_return refuse_working_folder(event.request_id, reply);
    }
    if (Status ready = co_await make_ready(); !ready) {
      log_.write(RieLevel::error, "Init failed error=" + ready.error().message);
      busy_ = false;
      co_return answer(reply, 500, {});
    }
    line(start_line(event.request_id, printable(function_.version)));
    Answer told;
    Invocation invocation;
    invocation.event = std::move(event);
    const InvocationRecord record = co_await environment_->invoke(
        std::move(invocation), [&told](Answer given) { told = std::move(given); });
    if (environment_->lost()) environment_.reset();
    busy_ = false;
    finish(record, told, reply);
  }

  /// As aws-lambda-rie does where it was given no bootstrap and there is no /var/task.
  void refuse_working_folder(const std::string& request_id, const http::Reply& reply) {
    line(start_line(request_id, printable(function_.version)));
    const PlatformError error =
        platform_error("Runtime.InvalidWorkingDir", request_id,
                       "the working directory doesn't exist: " + function_.working_folder);
    log_.write(RieLevel::error, "Init failed: " + error.type);
    answer(reply, 502, error.payload);
  }

  /// START stands alone where the environment failed.
  void finish(const InvocationRecord& record, const Answer& told, const http::Reply& reply) {
    if (record.status == InvocationStatus::error) {
      log_.write(RieLevel::error, "Invoke DONE failed: " + record.error_type);
      return answer(reply, 502, told.payload);
    }
    line(end_line(record.request_id));
    line(rie_report_line(record, printable(function_.memory_size)));
    if (record.status == InvocationStatus::timeout)
      return answer(reply, 200,
                    "Task timed out after " + std::to_string(function_.timeout.count()) + ".00 seconds");
    answer(reply, 200, told.payload);
  }

  asio::awaitable<Status> make_ready() {
    if (environment_) co_return Status{};
    Result<EnvironmentSettings> settings = environment_settings();
    if (!settings) co_return fail(std::move(settings.error()));
    auto environment = std::make_unique<ExecutionEnvironment>(context_, host_, std::move(*settings), *this);
    if (Status opened = co_await environment->open(); !opened) co_return fail(std::move(opened.error()));
    if (Status ready = co_await environment->init(); !ready) co_return fail(std::move(ready.error()));
    environment_ = std::move(environment);
    co_return Status{};
  }

  Result<EnvironmentSettings> environment_settings() {
    if (!runtime_listener_.valid()) {
      Result<Fd> again = listen_at(options_.runtime_api);
      if (!again) return fail(std::move(again.error()));
      runtime_listener_ = std::move(*again);
    }
    Result<std::string> address = runtime_api_of(runtime_listener_);
    if (!address) return fail(std::move(address.error()));
    EnvironmentSettings settings;
    settings.helper = helper_;
    settings.spec.isolation = sandbox::Isolation::plain;
    settings.spec.normal = {function_.command[0], function_.command, {}};
    settings.spec.working_folder = function_.working_folder;
    settings.spec.limits = {
        {RLIMIT_NOFILE, open_files_.rlim_cur, open_files_.rlim_max}};  // as lemu was given it
    settings.spec.environment = rie_variables(function_, own_variables(), *address);
    settings.runtime_api_listener = std::move(runtime_listener_);
    settings.function_name = function_.name;
    settings.memory_mb = kUnlimitedMb;
    settings.timeout = function_.timeout;
    settings.init_limit = function_.timeout;
    return settings;
  }

  // ---- what it writes: the function's stdout and stderr both go to stdout

  void function_output(std::string_view bytes) override {
    if (bytes.empty()) return;
    at_line_start_ = bytes.back() == '\n';
    out_.write(bytes);
  }
  /// Those that aws-lambda-rie writes are written here, in its form.
  void platform_line(std::string_view) override {}
  void detail(std::string_view) override {}
  void misuse(const std::string&, const std::string& text) override { log_.write(RieLevel::warning, text); }
  void when_taken(std::function<void()> then) override { out_.when_taken(std::move(then)); }

  void line(std::string_view text) {
    if (!at_line_start_) out_.write("\n");
    out_.write(text);
    at_line_start_ = true;
  }

  int end(int code) {
    server_.reset();
    environment_.reset();
    descendants_.end();
    return code;
  }

  const RieOptions& options_;
  const rlimit open_files_ = raise_descriptors();
  const OwnDescendants descendants_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_};
  OutputStream out_;
  OutputStream err_;
  RieLog log_;
  HostGuard guard_;
  RandomIdentifiers ids_;
  RieFunction function_;
  std::string helper_;
  std::optional<sandbox::EmbeddedHelper> embedded_;
  Fd runtime_listener_;
  EnvironmentHost host_{EnvironmentHost::Lot::one};
  std::unique_ptr<ExecutionEnvironment> environment_;
  std::optional<http::Server> server_;
  bool busy_ = false;
  bool at_line_start_ = true;
};

}  // namespace

int run_rie(const RieOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  return RieCommand(options).run();
}

}  // namespace lemu::emulator::cli
