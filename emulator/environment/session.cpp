// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/session.hpp"

#include "emulator/environment/errors.hpp"
#include "emulator/report/platform_error.hpp"
#include "emulator/report/report_line.hpp"
#include "qemu/trial.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

Session::Session(asio::io_context& context, SessionSettings settings, Identifiers& ids, SessionOutput& output)
    : ids_(ids),
      output_(output),
      environment_base_(std::move(settings.environment_base)),
      memory_figure_(settings.memory_figure),
      launcher_(context, host_, std::move(settings.setup),
                [this](FunctionLauncher::Weight weight, const std::string& text) {
                  weight == FunctionLauncher::Weight::warning ? output_.warning(text) : output_.note(text);
                }) {}

Session::~Session() {
  environment_.reset();
  if (folder_ && launcher_.setup().launch.folder == LaunchOptions::Folder::kept) folder_->keep();
}

EnvironmentPlace Session::place() {
  return {*folder_, output_, launcher_.setup().function.config.log_stream};
}

asio::awaitable<Status> Session::open() {
  Result<EnvironmentFolder> folder = EnvironmentFolder::make(environment_base_);
  LEMU_CO_TRY(folder);
  folder_.emplace(std::move(*folder));
  LEMU_CO_TRY(launcher_.prepare(*folder_));
  Result<std::unique_ptr<ExecutionEnvironment>> launched = co_await launcher_.launch(place());
  LEMU_CO_TRY(launched);
  environment_ = std::move(*launched);
  co_return Status{};
}

/// An emulator that cannot run anything looks like a function that crashes, or hangs.
Status Session::check_emulator() const {
  const PreparedFunction& prepared = launcher_.prepared();
  const qemu::LaunchRequest& request = prepared.request;
  const qemu::TrialBench bench{prepared.helper, request.wrapper, request.emulator, request.host_registration,
                               environment_base_};
  const bool off = launcher_.plan().spec.isolation == sandbox::Isolation::plain;
  const Result<qemu::Trial> trial =
      qemu::try_launch(bench, request.arch, off ? qemu::SandboxChoice::off : qemu::SandboxChoice::on,
                       launcher_.setup().launch.launch);
  if (!trial || trial->works()) return {};
  return fail<"qemu-broken">(at<"qemu">(mode().qemu), at<"arch">(names_of(request.arch).lambda),
                             at<"reason">(trial->text()));
}

asio::awaitable<Status> Session::init() {
  Status initialised = co_await launcher_.init(environment_, place());
  if (initialised && mode().emulated && !environment_->initialised()) co_return check_emulator();
  co_return initialised;
}

asio::awaitable<Result<int>> Session::run_program() { co_return co_await environment_->run_program(); }

/// A new environment in place of one that the function has ended or broken, and its init.
asio::awaitable<Status> Session::renew() {
  environment_.reset();
  Result<std::unique_ptr<ExecutionEnvironment>> launched = co_await launcher_.launch(place());
  LEMU_CO_TRY(launched);
  environment_ = std::move(*launched);
  Status initialised = co_await init();
  if (!initialised) environment_.reset();
  co_return initialised;
}

/// An invocation for which there is no environment.
InvocationRecord Session::failed_without_environment(const std::string& request_id,
                                                     const std::function<void(Answer)>& answered) {
  const PlatformError error =
      platform_error("Sandbox.Failure", request_id, "there is no execution environment");
  output_.platform_line(start_line(request_id, launcher_.setup().function.config.version));
  answered({Answer::Kind::function_error, error.payload});
  output_.platform_line(end_line(request_id));
  InvocationRecord record;
  record.request_id = request_id;
  record.function_version = launcher_.setup().function.config.version;
  record.function_name = launcher_.setup().function.config.name;
  record.memory_size_mb = launcher_.setup().function.config.memory_mb;
  record.status = InvocationStatus::error;
  record.error_type = error.type;
  record.max_memory_absent = "there was no execution environment";
  return record;
}

asio::awaitable<InvocationRecord> Session::invoke(const std::string& event, const std::string& client_context,
                                                  ResponseSink& sink, std::function<void(Answer)> answered) {
  Invocation invocation;
  invocation.event.request_id = make_request_id(ids_);
  invocation.event.trace_id = make_trace_id(ids_, std::chrono::system_clock::now());
  invocation.event.function_arn = launcher_.setup().function.config.arn;
  invocation.event.client_context = client_context;
  invocation.event.body = event;
  invocation.memory_figure = memory_figure_;
  invocation.sink = &sink;
  invocation.delivery = rapi::ResponseDelivery::as_streamed;
  if (!environment_ || environment_->lost()) {
    const Status renewed = co_await renew();
    if (!renewed) {
      output_.note("the execution environment is lost, and there is no new one: " + renewed.error().message);
      co_return failed_without_environment(invocation.event.request_id, answered);
    }
  }
  co_return co_await environment_->invoke(std::move(invocation), std::move(answered));
}

}  // namespace lemu::emulator
