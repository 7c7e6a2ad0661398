// SPDX-License-Identifier: Apache-2.0
#include "emulator/invoke/session.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "emulator/errors.hpp"
#include "emulator/report/platform_error.hpp"
#include "emulator/report/report_line.hpp"
#include "qemu/guarantees.hpp"
#include "qemu/losses.hpp"
#include "qemu/trial.hpp"
#include "rapi/listener.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

// Lambda's limit for the init of an on-demand function ("Lambda execution environment lifecycle").
constexpr std::chrono::milliseconds kInitLimit{10'000};
// An init is mostly code that runs once, which QEMU must translate first: it takes ten times as long and
// more.
constexpr double kEmulatedInitScale = 3;

std::chrono::milliseconds scaled(std::chrono::milliseconds limit, double scale) {
  return std::chrono::milliseconds(std::llround(static_cast<double>(limit.count()) * scale));
}

std::string execution_word(qemu::ExecutionMode execution) {
  switch (execution) {
    case qemu::ExecutionMode::native: return "native";
    case qemu::ExecutionMode::private_binfmt: return "private-binfmt";
    case qemu::ExecutionMode::host_binfmt: return "host-binfmt";
    case qemu::ExecutionMode::direct: return "direct";
  }
  return {};
}

}  // namespace

Session::Session(asio::io_context& context, SessionSettings settings, Identifiers& ids, SessionOutput& output)
    : context_(context), settings_(std::move(settings)), ids_(ids), output_(output) {}

Session::~Session() {
  environment_.reset();
  if (folder_ && settings_.folder == SessionSettings::Folder::kept) folder_->keep();
}

asio::awaitable<Status> Session::open() {
  Result<EnvironmentFolder> folder = EnvironmentFolder::make(settings_.environment_base);
  if (!folder) co_return fail(std::move(folder.error()));
  folder_.emplace(std::move(*folder));
  Result<PreparedFunction> prepared = prepare_function(settings_.run, *folder_);
  if (!prepared) co_return fail(std::move(prepared.error()));
  prepared_ = std::move(*prepared);
  for (const std::string& note : prepared_.notes) output_.note(note);
  // What the user asked for and this host cannot do is not a refused sandbox.
  const Result<qemu::LaunchPlan> possible = qemu::plan_launch(prepared_.request, qemu::host_facts());
  if (!possible) co_return fail(Error(possible.error()));
  Status launched = co_await launch(settings_.run.sandbox);
  if (!launched && may_go_without_sandbox(launched.error()))
    launched = co_await launch_without_sandbox(launched.error());
  if (!launched) co_return fail(std::move(launched.error()));
  describe_mode();
  co_return Status{};
}

bool Session::may_go_without_sandbox(const Error& error) const {
  return error.slug == "sandbox-refused" && settings_.run.sandbox == qemu::SandboxChoice::automatic &&
         refusal_.empty();
}

asio::awaitable<Status> Session::launch_without_sandbox(const Error& refusal) {
  refusal_ = refusal.message;
  output_.note("no sandbox: " + refusal_ +
               ". The function runs as you, in its real folder; see `lemu doctor`.");
  co_return co_await launch(qemu::SandboxChoice::off);
}

asio::awaitable<Status> Session::launch(qemu::SandboxChoice sandbox) {
  environment_.reset();
  launched_ = sandbox;
  qemu::LaunchRequest request = prepared_.request;
  request.sandbox = sandbox;
  Result<qemu::LaunchPlan> plan = qemu::plan_launch(request, qemu::host_facts());
  if (!plan) co_return fail(std::move(plan.error()));
  Result<Fd> listener = rapi::listen_on_loopback();
  if (!listener) co_return fail(std::move(listener.error()));

  const Result<std::string> address = rapi::address_of(*listener);
  if (!address) co_return fail(Error(address.error()));
  std::vector<std::string> variables;
  for (Variable& variable :
       function_variables(settings_.function, settings_.variables, settings_.credentials, *address)) {
    // Without a sandbox there is no /var/task; the paths are the real ones.
    if (variable.name == "LAMBDA_TASK_ROOT") variable.value = plan->task_root;
    variables.push_back(variable.name + "=" + variable.value);
  }
  const auto is_tmpdir = [](const std::string& variable) { return variable.starts_with("TMPDIR="); };
  if (plan->spec.isolation == sandbox::Isolation::plain &&
      std::none_of(variables.begin(), variables.end(), is_tmpdir)) {
    Result<std::string> tmp = folder_->tmp();
    if (!tmp) co_return fail(std::move(tmp.error()));
    variables.push_back("TMPDIR=" + *tmp);
  }
  qemu::set_environment(*plan, std::move(variables));

  const double scale = settings_.timeout_scale.value_or(1);
  EnvironmentSettings environment;
  environment.helper = prepared_.helper;
  environment.spec = plan->spec;
  environment.runtime_api_listener = std::move(*listener);
  environment.function_name = settings_.function.name;
  environment.memory_mb = settings_.function.memory_mb;
  environment.timeout = scaled(settings_.function.timeout, scale);
  environment.init_limit =
      scaled(kInitLimit, settings_.timeout_scale.value_or(plan->emulated ? kEmulatedInitScale : 1));
  environment.guest = plan->emulated ? LogReader::Guest::emulated : LogReader::Guest::native;
  plan_ = std::move(*plan);
  environment_ = std::make_unique<ExecutionEnvironment>(context_, std::move(environment), output_);
  Status opened = co_await environment_->open();
  if (!opened) environment_.reset();
  co_return opened;
}

void Session::describe_mode() {
  reasons_ = prepared_.reasons;
  const qemu::Settled settled = qemu::settle(plan_, environment_->losses());
  const bool off = plan_.spec.isolation == sandbox::Isolation::plain;
  mode_.arch = prepared_.request.arch;
  mode_.sandbox = off ? "off" : qemu::diminishes_sandbox(plan_.lost) ? "partial" : "full";
  mode_.sandbox_reason = !refusal_.empty() ? refusal_
                         : settings_.run.sandbox == qemu::SandboxChoice::automatic
                             ? "the first choice"
                             : "asked for with --sandbox";
  mode_.sandbox_missing = plan_.lost;
  mode_.execution = execution_word(settled.execution);
  if (settled.binfmt_error != 0)
    plan_.reasons = {{"execution: " + std::string(qemu::name_of(settled.execution)),
                      std::string("a private binfmt_misc was refused (it needs Linux 6.7): ") +
                          ::strerror(settled.binfmt_error)}};
  for (const qemu::Reason& reason : plan_.reasons) {
    reasons_.push_back(reason);
    mode_.execution_reason = reason.because;
  }
  reasons_.push_back({"sandbox: " + mode_.sandbox, mode_.sandbox_reason});
  mode_.emulated = plan_.emulated;
  mode_.timeout_scale = settings_.timeout_scale.value_or(1);
  if (!plan_.emulated) return;
  if (settled.execution == qemu::ExecutionMode::host_binfmt) {
    // The registration brings a QEMU of its own: the one that was found has no part in it.
    std::erase_if(reasons_, [](const qemu::Reason& reason) {
      return reason.choice.starts_with("QEMU: ") || reason.choice.starts_with("CPU model: ");
    });
    return;
  }
  mode_.cpu_model = prepared_.request.cpu;
  mode_.qemu = prepared_.qemu.value_or("");
  qemu_command_ = qemu::qemu_command(prepared_.request, plan_.spec.isolation);
}

asio::awaitable<Result<int>> Session::run_program() { co_return co_await environment_->run_program(); }

/// An emulator that cannot run anything looks like a function that crashes, or hangs.
Status Session::check_emulator() const {
  const qemu::LaunchRequest& request = prepared_.request;
  const qemu::TrialBench bench{prepared_.helper, request.wrapper, request.emulator, request.host_registration,
                               settings_.environment_base};
  const bool off = plan_.spec.isolation == sandbox::Isolation::plain;
  const Result<qemu::Trial> trial = qemu::try_launch(
      bench, request.arch, off ? qemu::SandboxChoice::off : qemu::SandboxChoice::on, settings_.run.launch);
  if (!trial || trial->works()) return {};
  return fail<"qemu-broken">(mode_.qemu, names_of(request.arch).lambda, trial->text());
}

asio::awaitable<Status> Session::init() {
  Status initialised = co_await environment_->init();
  if (initialised && mode_.emulated && !environment_->initialised()) co_return check_emulator();
  if (initialised || !may_go_without_sandbox(initialised.error())) co_return initialised;
  Status launched = co_await launch_without_sandbox(initialised.error());
  if (!launched) co_return fail(std::move(launched.error()));
  describe_mode();
  co_return co_await environment_->init();
}

/// A new environment in place of one that the function has ended or broken, and its init.
asio::awaitable<Status> Session::renew() {
  Status launched = co_await launch(launched_);
  if (!launched) co_return fail(std::move(launched.error()));
  describe_mode();
  Status initialised = co_await environment_->init();
  if (!initialised) environment_.reset();
  co_return initialised;
}

/// An invocation for which there is no environment.
InvocationRecord Session::failed_without_environment(const std::string& request_id,
                                                     const std::function<void(Answer)>& answered) {
  const PlatformError error =
      platform_error("Sandbox.Failure", request_id, "there is no execution environment");
  output_.platform_line(start_line(request_id));
  answered({Answer::Kind::function_error, error.payload});
  output_.platform_line(end_line(request_id));
  InvocationRecord record;
  record.request_id = request_id;
  record.function_name = settings_.function.name;
  record.memory_size_mb = settings_.function.memory_mb;
  record.status = InvocationStatus::error;
  record.error_type = error.type;
  record.max_memory_absent = "there was no execution environment";
  return record;
}

asio::awaitable<InvocationRecord> Session::invoke(const std::string& event, const std::string& client_context,
                                                  std::function<void(Answer)> answered) {
  Invocation invocation;
  invocation.event.request_id = make_request_id(ids_);
  invocation.event.trace_id = make_trace_id(ids_, std::chrono::system_clock::now());
  invocation.event.function_arn = settings_.function.arn;
  invocation.event.client_context = client_context;
  invocation.event.body = event;
  invocation.memory_figure = settings_.memory_figure;
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
