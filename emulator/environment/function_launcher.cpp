// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/function_launcher.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "emulator/environment/environment_wiring.hpp"
#include "emulator/environment/errors.hpp"
#include "emulator/environment/refusal.hpp"
#include "qemu/guarantees.hpp"
#include "qemu/losses.hpp"
#include "qemu/trial.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

std::string execution_word(qemu::ExecutionMode execution) {
  switch (execution) {
    case qemu::ExecutionMode::native: return "native";
    case qemu::ExecutionMode::private_binfmt: return "private-binfmt";
    case qemu::ExecutionMode::host_binfmt: return "host-binfmt";
    case qemu::ExecutionMode::direct: return "direct";
  }
  return {};
}

std::string no_sandbox_sentence(const std::string& why) {
  return "no sandbox: " + why + ". The function runs as you, in its real folder";
}

}  // namespace

FunctionLauncher::FunctionLauncher(asio::io_context& context, EnvironmentHost& host, FunctionSetup setup,
                                   Remark remark)
    : context_(context), host_(host), setup_(std::move(setup)), remark_(std::move(remark)) {}

Status FunctionLauncher::prepare(EnvironmentFolder& folder) {
  Result<PreparedFunction> prepared = prepare_function(setup_, folder);
  LEMU_TRY(prepared);
  prepared_ = std::move(*prepared);
  for (const std::string& note : prepared_.notes) remark_(Weight::note, note);
  // What the user asked for and this host cannot do is not a refused sandbox.
  Result<qemu::LaunchPlan> plan = qemu::plan_launch(prepared_.request, qemu::host_facts());
  LEMU_TRY(plan);
  // A daemon launches later: it plans each environment for the host as it is then.
  if (host_.environments == EnvironmentHost::Environments::one) first_plan_ = std::move(*plan);
  if (setup_.launch.sandbox == qemu::SandboxChoice::off)
    remark_(Weight::warning, no_sandbox_sentence("asked for with --sandbox off"));
  return {};
}

asio::awaitable<Result<FunctionLauncher::Environment>> FunctionLauncher::launch(EnvironmentPlace place) {
  if (!refusal_.empty()) co_return co_await launch_as(qemu::SandboxChoice::off, place);
  Result<Environment> launched = co_await launch_as(setup_.launch.sandbox, place);
  if (launched) co_return launched;
  LEMU_CO_TRY(co_await go_without_sandbox(launched.error(), place));
  co_return co_await launch_as(qemu::SandboxChoice::off, place);
}

asio::awaitable<Status> FunctionLauncher::init(Environment& environment, EnvironmentPlace place) {
  Status initialised = co_await environment->init();
  if (initialised && refusal_.empty() && setup_.launch.sandbox != qemu::SandboxChoice::off)
    host_.sandbox.worked();
  if (initialised) co_return initialised;
  LEMU_CO_TRY(co_await go_without_sandbox(initialised.error(), place));
  environment.reset();
  Result<Environment> launched = co_await launch_as(qemu::SandboxChoice::off, place);
  LEMU_CO_TRY(launched);
  environment = std::move(*launched);
  co_return co_await environment->init();
}

/// Decides whether the environments that follow have no sandbox. They have none if any launch in a sandbox
/// would fail on this host. The package does not decide it: the trial runs a program of lemu's own. Otherwise
/// returns the error for the user.
asio::awaitable<Status> FunctionLauncher::go_without_sandbox(const Error& refusal,
                                                             const EnvironmentPlace& place) {
  AfterRefusal then = after_refusal(refusal, setup_.launch.sandbox, ::geteuid(), host_.sandbox);
  if (then == AfterRefusal::try_host) {
    co_await try_host(place);
    then = host_.sandbox.impossible() ? AfterRefusal::go_without : AfterRefusal::tell;
  }
  switch (then) {
    case AfterRefusal::try_host:
    case AfterRefusal::tell: co_return fail(Error(refusal));
    case AfterRefusal::tell_root: co_return fail<"sandbox-refused-to-root">(at<"refusal">(refusal.message));
    case AfterRefusal::go_without: break;
  }
  if (!refusal_.empty()) co_return Status{};  // another environment was refused meanwhile
  refusal_ = refusal.message;
  mode_ = {};
  remark_(Weight::warning, no_sandbox_sentence(refusal_) + "; see `lemu doctor`");
  co_return Status{};
}

asio::awaitable<void> FunctionLauncher::try_host(const EnvironmentPlace& place) {
  const qemu::LaunchRequest& request = prepared_.request;
  const qemu::TrialBench bench{prepared_.helper, request.wrapper, request.emulator, request.host_registration,
                               place.folder.base()};
  host_.sandbox.judge(co_await host_.work.run([&bench] {
    return qemu::try_launch(bench, host_arch(), qemu::SandboxChoice::on, qemu::LaunchChoice::automatic);
  }));
}

/// --sandbox on asks for all of it. The limit on /tmp is only ever missing as the user asked for --keep.
Status FunctionLauncher::check_whole(const qemu::LaunchPlan& plan, const ExecutionEnvironment& made) const {
  qemu::LaunchPlan settled = plan;
  static_cast<void>(qemu::settle(settled, made.losses()));
  std::string parts;
  for (const std::string& part : qemu::missing_from_sandbox(settled.lost)) {
    if (qemu::is_lost(qemu::Guarantee::tmp_limit, {part})) continue;
    parts += (parts.empty() ? "" : ", ") + part;
  }
  if (parts.empty()) return {};
  return fail<"sandbox-partial">(at<"parts">(parts));
}

asio::awaitable<Result<FunctionLauncher::Environment>> FunctionLauncher::launch_as(
    qemu::SandboxChoice sandbox, const EnvironmentPlace& place) {
  std::optional<qemu::LaunchPlan> made;
  if (sandbox == setup_.launch.sandbox) made = std::exchange(first_plan_, std::nullopt);
  Result<PlannedEnvironment> planned = co_await host_.work.run(
      [this, sandbox, &made, &place] { return plan_environment(sandbox, std::move(made), place); });
  LEMU_CO_TRY(planned);
  Result<Environment> opened =
      co_await open_environment(context_, host_, std::move(planned->settings), place.log);
  LEMU_CO_TRY(opened);
  Environment environment = std::move(*opened);
  if (sandbox == qemu::SandboxChoice::on) LEMU_CO_TRY(check_whole(planned->plan, *environment));
  if (mode_.sandbox.empty()) describe_mode(std::move(planned->plan), *environment);
  co_return environment;
}

/// Where blocking work is done: reads files, makes the environment's folder where it needs one.
Result<FunctionLauncher::PlannedEnvironment> FunctionLauncher::plan_environment(
    qemu::SandboxChoice sandbox, std::optional<qemu::LaunchPlan> made, const EnvironmentPlace& place) const {
  qemu::LaunchRequest request = prepared_.request;
  request.sandbox = sandbox;
  Fd code;
  if (sandbox != qemu::SandboxChoice::off) {
    LEMU_TRY(place.folder.make_mount_point());
    // A daemon's functions are built anew while it runs: what has their name now is what is run.
    if (host_.environments == EnvironmentHost::Environments::many) {
      Result<PinnedCode> pinned = pin_code(request);
      LEMU_TRY(pinned);
      request.code = pinned->identity;
      code = std::move(pinned->file);
    }
  }
  Result<qemu::LaunchPlan> plan = made ? std::move(*made) : qemu::plan_launch(request, qemu::host_facts());
  LEMU_TRY(plan);
  Result<RuntimeApiEndpoint> endpoint = loopback_endpoint();
  LEMU_TRY(endpoint);
  Result<std::vector<std::string>> environment = variables(*plan, place, endpoint->address);
  LEMU_TRY(environment);
  qemu::set_environment(*plan, std::move(*environment));
  EnvironmentSettings settings =
      wire_environment({prepared_.helper, setup_.function.config, setup_.rest, setup_.launch.timeout_scale},
                       *plan, std::move(*endpoint));
  return PlannedEnvironment{std::move(code), std::move(*plan), std::move(settings)};
}

Result<std::vector<std::string>> FunctionLauncher::variables(const qemu::LaunchPlan& plan,
                                                             const EnvironmentPlace& place,
                                                             const std::string& runtime_api) const {
  FunctionConfig function = setup_.function.config;
  function.log_stream = place.log_stream;
  std::vector<std::string> variables;
  for (Variable& variable :
       function_variables(function, setup_.function.variables, setup_.function.credentials, runtime_api)) {
    // Without a sandbox there is no /var/task; the paths are the real ones.
    if (variable.name == "LAMBDA_TASK_ROOT") variable.value = plan.task_root;
    variables.push_back(variable.name + "=" + variable.value);
  }
  const auto is_tmpdir = [](const std::string& variable) { return variable.starts_with("TMPDIR="); };
  if (plan.spec.isolation == sandbox::Isolation::plain &&
      std::none_of(variables.begin(), variables.end(), is_tmpdir)) {
    Result<std::string> tmp = place.folder.tmp();
    LEMU_TRY(tmp);
    variables.push_back("TMPDIR=" + *tmp);
  }
  return variables;
}

void FunctionLauncher::describe_mode(qemu::LaunchPlan plan, const ExecutionEnvironment& environment) {
  plan_ = std::move(plan);
  reasons_ = prepared_.reasons;
  const qemu::Settled settled = qemu::settle(plan_, environment.losses());
  const bool off = plan_.spec.isolation == sandbox::Isolation::plain;
  mode_.arch = prepared_.request.arch;
  mode_.sandbox = off ? "off" : qemu::diminishes_sandbox(plan_.lost) ? "partial" : "full";
  mode_.sandbox_reason = !refusal_.empty() ? refusal_
                         : setup_.launch.sandbox == qemu::SandboxChoice::automatic
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
  mode_.timeout_scale = setup_.launch.timeout_scale.value_or(1);
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

}  // namespace lemu::emulator
