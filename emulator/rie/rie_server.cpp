// SPDX-License-Identifier: Apache-2.0
#include "emulator/rie/rie_server.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/base64.hpp"
#include "base/http/listener.hpp"
#include "base/printable.hpp"
#include "base/rethrow.hpp"
#include "base/tcp_end.hpp"
#include "emulator/report/platform_error.hpp"
#include "emulator/report/report_line.hpp"
#include "emulator/rie/rie_report_line.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;
using http::HostGuard;

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

Result<RuntimeApiEndpoint> endpoint_at(const RieAddress& asked) {
  Result<Fd> listener = listen_at(asked);
  LEMU_TRY(listener);
  Result<std::string> address = runtime_api_of(*listener);
  LEMU_TRY(address);
  return RuntimeApiEndpoint{std::move(*listener), std::move(*address)};
}

/// As Lambda's configuration would have it. Its init has the function's own timeout.
FunctionConfig config_of(const RieFunction& function) {
  FunctionConfig config;
  config.name = function.name;
  config.version = function.version;
  config.memory_mb = kUnlimitedMb;
  config.timeout = function.timeout;
  return config;
}

void answer(const http::Reply& reply, unsigned status, std::string_view body) {
  static constexpr std::array<http::Field, 1> kNoSniff{{{"X-Content-Type-Options", "nosniff"}}};
  http::Response response{.status = status, .body = body};
  if (!body.empty()) response.content_type = kText;
  if (status == 404) response.fields = kNoSniff;
  reply.send(response);
}

}  // namespace

RieServer::RieServer(asio::io_context& context, const RieSettings& settings, RieFunction function,
                     RieHost host, RieOutput output, RieLog& log)
    : context_(context),
      settings_(settings),
      function_(std::move(function)),
      runner_(std::move(host)),
      output_(std::move(output)),
      log_(log),
      guard_(HostGuard::Reach::container, HostGuard::HostField::demanded, settings.host_names) {}

RieServer::~RieServer() = default;

Status RieServer::start() {
  Result<RuntimeApiEndpoint> runtime_api = endpoint_at(settings_.runtime_api);
  LEMU_TRY(runtime_api);
  runtime_api_ = std::move(*runtime_api);
  Result<Fd> listener = listen_at(settings_.listen);
  LEMU_TRY(listener);
  Result<std::string> address = http::address_of(*listener);
  LEMU_TRY(address);
  server_.emplace(context_, std::move(*listener), *this);
  server_->start();
  log_.write(RieLevel::info, "exec '" + function_.command[0] + "' (cwd=" + function_.working_folder +
                                 ", handler=" + function_.handler + ")");
  log_.write(RieLevel::info, "Listening on " + *address);
  return {};
}

http::HeadVerdict RieServer::on_head(const http::Request& request) {
  return {.body_limit = is_invocation(request) ? kLargestPayload : 0};
}

bool RieServer::is_invocation(const http::Request& request) const {
  return request.path() == kPath && !guard_.objection(request);
}

void RieServer::on_request(http::Request& request, http::Reply reply) {
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

/// The answer follows the invocation's end: a caller may send the next one at once.
asio::awaitable<void> RieServer::serve(rapi::Event event, http::Reply reply) {
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
void RieServer::refuse_working_folder(const std::string& request_id, const http::Reply& reply) {
  line(start_line(request_id, printable(function_.version)));
  const PlatformError error =
      platform_error("Runtime.InvalidWorkingDir", request_id,
                     "the working directory doesn't exist: " + function_.working_folder);
  log_.write(RieLevel::error, "Init failed: " + error.type);
  answer(reply, 502, error.payload);
}

/// START stands alone where the environment failed.
void RieServer::finish(const InvocationRecord& record, const Answer& told, const http::Reply& reply) {
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

asio::awaitable<Status> RieServer::make_ready() {
  if (environment_) co_return Status{};
  if (!runtime_api_) {
    Result<RuntimeApiEndpoint> again = endpoint_at(settings_.runtime_api);
    LEMU_CO_TRY(again);
    runtime_api_ = std::move(*again);
  }
  RuntimeApiEndpoint endpoint = *std::exchange(runtime_api_, std::nullopt);
  const qemu::LaunchPlan plan = plan_launch(endpoint.address);
  const FunctionConfig config = config_of(function_);
  EnvironmentSettings settings =
      wire_environment({.helper = runner_.helper, .function = config, .init_limit = config.timeout}, plan,
                       std::move(endpoint));
  Result<std::unique_ptr<ExecutionEnvironment>> opened =
      co_await open_environment(context_, host_, std::move(settings), *this);
  LEMU_CO_TRY(opened);
  LEMU_CO_TRY(co_await (*opened)->init());
  environment_ = std::move(*opened);
  co_return Status{};
}

/// The program as it is, in the container's own system, with the limits that lemu was given.
qemu::LaunchPlan RieServer::plan_launch(const std::string& runtime_api) const {
  qemu::LaunchPlan plan;
  plan.spec.isolation = sandbox::Isolation::plain;
  plan.spec.normal = {function_.command[0], function_.command, {}};
  plan.spec.working_folder = function_.working_folder;
  plan.spec.limits = {{RLIMIT_NOFILE, runner_.open_files.rlim_cur, runner_.open_files.rlim_max}};
  plan.task_root = function_.working_folder;
  qemu::set_environment(plan, rie_variables(function_, own_variables(), runtime_api));
  return plan;
}

void RieServer::function_output(std::string_view bytes) {
  if (bytes.empty()) return;
  at_line_start_ = bytes.back() == '\n';
  output_.write(bytes);
}
void RieServer::line(std::string_view text) {
  if (!at_line_start_) output_.write("\n");
  output_.write(text);
  at_line_start_ = true;
}

}  // namespace lemu::emulator
