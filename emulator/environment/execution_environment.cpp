// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/execution_environment.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/syscall.hpp"
#include "emulator/environment/errors.hpp"
#include "emulator/environment/refusal.hpp"
#include "emulator/environment/runtime_process.hpp"
#include "emulator/report/report_line.hpp"
#include "qemu/sandbox/host_user.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

// How long the helper may take for what normally takes milliseconds; beyond it something is wrong with the
// host.
constexpr std::chrono::seconds kHelperPatience{30};
// How long after the end of the runtime its last words may take to come through its sockets. They are in the
// kernel already; only a child that holds the connection open makes this wait its full length.
constexpr std::chrono::milliseconds kLastWords{100};

std::int64_t unix_ms(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

}  // namespace

ExecutionEnvironment::ExecutionEnvironment(asio::io_context& context, EnvironmentHost& host,
                                           EnvironmentSettings settings, LogSink& log)
    : context_(context), host_(host), settings_(std::move(settings)), log_(log), wake_(context) {}

ExecutionEnvironment::~ExecutionEnvironment() = default;

std::optional<sandbox::HelperProcess> ExecutionEnvironment::release() {
  if (!sandbox_) return std::nullopt;
  return sandbox_->release();
}

template <class Condition>
asio::awaitable<bool> ExecutionEnvironment::wait_until(Clock::time_point deadline, Condition condition) {
  while (!condition()) {
    if (Clock::now() >= deadline) co_return false;
    wake_.expires_at(deadline);
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return true;
}

asio::awaitable<Status> ExecutionEnvironment::open() {
  Result<Pipe> log_pipe = make_pipe();
  LEMU_CO_TRY(log_pipe);
  log_reader_ = std::make_unique<LogReader>(context_, std::move(log_pipe->read_end), log_, settings_.guest);
  sandbox::SandboxObserver& observer = *this;
  rapi::RuntimeObserver& runtime = *this;
  rapi::Limits limits;
  limits.guard = host_.guard_of(sandbox::host_user_of(settings_.spec));
  api_ = std::make_unique<rapi::RuntimeApi>(context_, std::move(settings_.runtime_api_listener), runtime,
                                            std::move(limits));
  api_->start();
  std::optional<qemu::Freezer> freezer = make_freezer();
  Result<sandbox::HelperProcess> helper = co_await host_.work.run([this, &log_pipe] {
    return sandbox::HelperProcess::start(settings_.helper, settings_.spec, std::move(log_pipe->write_end));
  });
  LEMU_CO_TRY(helper);
  sandbox_ = std::make_unique<sandbox::Sandbox>(context_, std::move(*helper), observer);
  const bool heard = co_await wait_until(Clock::now() + kHelperPatience,
                                         [this] { return ready_ || refused_ || helper_gone_; });
  if (refused_) co_return fail(refusal(*refused_, settings_.spec));
  if (!heard || !ready_) co_return fail<"helper-ended">(at<"helper">(settings_.helper));
  stillness_.emplace(context_, *sandbox_, helper_pid_, std::move(freezer));
  const std::uint64_t limit = settings_.function.memory_mb << 20;
  memory_ =
      std::make_unique<MemoryWatch>(context_, host_, helper_pid_, settings_.guest, limit, [this] { wake(); });
  co_return Status{};
}

std::optional<qemu::Freezer> ExecutionEnvironment::make_freezer() {
  if (settings_.rest == Rest::running) return std::nullopt;
  Result<qemu::Freezer> made = qemu::Freezer::make();
  if (!made) {
    why_not_frozen_ = made.error().message;
    return std::nullopt;
  }
  settings_.spec.cgroup = made->folder();
  return std::optional<qemu::Freezer>(*std::move(made));
}

asio::awaitable<Result<int>> ExecutionEnvironment::run_program() {
  runtime_ = std::make_unique<RuntimeProcess>();
  sandbox_->start();
  co_await wait_until(Clock::time_point::max(), [this] { return ended(); });
  if (refused_by_host()) co_return fail(refusal(*runtime_->launch_failure, settings_.spec));
  if (runtime_->launch_failure) {
    const sandbox::Report& failure = *runtime_->launch_failure;
    co_return fail_errno<"shell-command-not-run">(failure.os_error,
                                                  at<"program">(settings_.spec.normal.path));
  }
  if (!runtime_->wait_status) co_return fail<"environment-ended">();
  co_return *runtime_->wait_status;
}

asio::awaitable<Status> ExecutionEnvironment::init() {
  log_.platform_line(init_start_line(settings_.function.region));
  const Clock::time_point begun = Clock::now();
  const InitEnd end = co_await run_init(begun + settings_.init_limit);
  if (end == InitEnd::ready) {
    init_duration_ = *runtime_->next_at - runtime_->exec_at.value_or(begun);
    co_return Status{};
  }
  if (refused_by_host()) co_return fail(refusal(*runtime_->launch_failure, settings_.spec));
  const std::chrono::nanoseconds duration =
      end == InitEnd::timed_out
          ? settings_.init_limit
          : runtime_->ended_at.value_or(Clock::now()) - runtime_->exec_at.value_or(begun);
  log_init_failure(InitFailureRecord::Phase::init, end, duration, {});
  co_await reset();
  co_return Status{};
}

/// Starts the runtime and waits for its first `next`.
asio::awaitable<ExecutionEnvironment::InitEnd> ExecutionEnvironment::run_init(Clock::time_point deadline) {
  runtime_ = std::make_unique<RuntimeProcess>();
  sandbox_->start();
  const bool decided = co_await wait_until(deadline, [this] {
    return runtime_->next_at || runtime_->init_error || ended() || memory_->over_limit();
  });
  if (!decided) co_return InitEnd::timed_out;
  // Having said that it cannot start, a runtime says on stderr why, and leaves.
  if (runtime_->init_error && !ended())
    co_await wait_until(deadline, [this] { return ended() || memory_->over_limit(); });
  if (ended() && !runtime_->next_at) co_await settle_connections();
  co_return runtime_->next_at && !ended() ? InitEnd::ready : InitEnd::failed;
}

asio::awaitable<InvocationRecord> ExecutionEnvironment::invoke(Invocation invocation,
                                                               std::function<void(Answer)> answered) {
  InvocationRecord record;
  record.request_id = invocation.event.request_id;
  record.function_name = settings_.function.name;
  record.function_version = settings_.function.version;
  record.memory_size_mb = settings_.function.memory_mb;
  Clock::time_point begun = Clock::now();

  // A runtime that ended while it had nothing to do is replaced, as it is after a failed invocation.
  if (runtime_ && ended()) co_await reset();
  // A failed or undone init is repeated here, under the function's own timeout.
  InitEnd init_end = InitEnd::ready;
  const bool repeats_init = !runtime_;
  if (repeats_init) {
    init_end = co_await run_init(begun + settings_.timeout);
    if (init_end != InitEnd::ready)
      log_init_failure(InitFailureRecord::Phase::invoke, init_end, Clock::now() - begun, record.request_id);
  } else {
    record.init_duration = std::exchange(init_duration_, std::nullopt);
  }
  log_reader_->drain();
  log_.platform_line(start_line(record.request_id, settings_.function.version));
  // The time counts from the handing over, not from a START line that a slow reader of stderr may hold up.
  if (!repeats_init) begun = Clock::now();
  const Clock::time_point deadline = begun + settings_.timeout;
  if (init_end == InitEnd::ready) {
    invocation.event.deadline_ms = unix_ms(std::chrono::system_clock::now() + (deadline - Clock::now()));
    runtime_->next_at.reset();
    runtime_->answer.reset();
    runtime_->streamed_bytes.reset();
    runtime_->sink = invocation.sink;
    memory_->begin();
    api_->dispatch(std::move(invocation.event), invocation.delivery);
    co_await await_answer(deadline, record, answered);
  } else if (init_end == InitEnd::timed_out) {
    const PlatformError error = timed_out(record.request_id, settings_.timeout);
    end_by_platform(record, InvocationStatus::timeout, error.type);
    give({Answer::Kind::function_error, error.payload}, record, answered);
  } else {
    const PlatformError error = why_it_ended(record.request_id);
    end_by_platform(record, InvocationStatus::error, error.type);
    give({Answer::Kind::function_error, error.payload}, record, answered);
  }

  record.duration = record.status == InvocationStatus::timeout
                        ? std::chrono::nanoseconds(settings_.timeout)
                        : std::max(begun, completed_at(record)) - begun;
  if (invocation.memory_figure == Invocation::MemoryFigure::wanted) {
    record.max_memory = memory_->figure();
    if (!record.max_memory) record.max_memory_absent = memory_->why_absent();
  }
  memory_->rest();
  const bool sound =
      runtime_->next_at && !ended() &&
      (record.status == InvocationStatus::success || record.status == InvocationStatus::handled_error ||
       runtime_->answer_error_type == record.error_type);
  if (!sound) co_await reset();
  log_reader_->drain();
  log_.platform_line(end_line(record.request_id));
  co_return record;
}

/// From the event handed over to the invocation's end: an answer and the following `next`, or a failure.
asio::awaitable<void> ExecutionEnvironment::await_answer(Clock::time_point deadline, InvocationRecord& record,
                                                         const std::function<void(Answer)>& answered) {
  const std::string& id = record.request_id;
  bool in_time =
      co_await wait_until(deadline, [this] { return runtime_->answer || ended() || memory_->over_limit(); });
  if (ended() && !runtime_->answer) co_await settle_connections();
  if (broke_off()) {  // mostly as the runtime ended, which says more, and is known at once
    co_await wait_until(Clock::now() + kLastWords, [this] { return ended(); });
    if (ended()) runtime_->answer.reset();
  }

  if (runtime_->answer && !memory_->check_now()) {
    record.status = runtime_->answer_status;
    record.error_type = runtime_->answer_error_type;
    record.response_bytes = runtime_->streamed_bytes.value_or(runtime_->answer->payload.size());
    give(std::move(*runtime_->answer), record, answered);
    // The caller has its answer; the environment is busy until the runtime asks for the next event.
    in_time = co_await wait_until(deadline,
                                  [this] { return runtime_->next_at || ended() || memory_->over_limit(); });
    if (ended() && !runtime_->next_at) co_await settle_connections();
    if (memory_->check_now())
      end_by_platform(record, InvocationStatus::error, out_of_memory(id).type);
    else if (!in_time)
      end_by_platform(record, InvocationStatus::timeout, "Sandbox.Timedout");
    else if (!runtime_->next_at)
      end_by_platform(record, InvocationStatus::error, why_it_ended(id).type);
    co_return;
  }
  PlatformError error;
  InvocationStatus status = InvocationStatus::error;
  if (memory_->over_limit()) {
    error = out_of_memory(id);
  } else if (ended()) {
    error = why_it_ended(id);
  } else {
    error = timed_out(id, settings_.timeout);
    status = InvocationStatus::timeout;
  }
  end_by_platform(record, status, error.type);
  give({Answer::Kind::function_error, error.payload}, record, answered);
}

/// Tells the caller its answer; the sink hears nothing more.
void ExecutionEnvironment::give(Answer answer, const InvocationRecord& record,
                                const std::function<void(Answer)>& answered) {
  runtime_->sink = nullptr;
  answer.streamed = runtime_->streamed_bytes.has_value();
  answer.status = record.status;
  answer.error_type = record.error_type;
  answered(std::move(answer));
}

/// A stream that has begun ended before its last chunk.
bool ExecutionEnvironment::broke_off() const {
  return runtime_->answer && runtime_->streamed_bytes && runtime_->answer_status == InvocationStatus::error &&
         runtime_->answer_error_type == kTruncatedResponse;
}

void ExecutionEnvironment::end_by_platform(InvocationRecord& record, InvocationStatus status,
                                           const std::string& type) {
  record.status = status;
  record.error_type = type;
}

/// When the invocation was over: what the platform noticed later, and how long it took to, is no time of the
/// function.
ExecutionEnvironment::Clock::time_point ExecutionEnvironment::completed_at(
    const InvocationRecord& record) const {
  const bool failed = record.status == InvocationStatus::error;
  if (runtime_->next_at && !(failed && ended())) return *runtime_->next_at;
  return runtime_->ended_at.value_or(Clock::now());
}

/// The function's process could not be made as it must be; as opposed to: its program could not be executed.
bool ExecutionEnvironment::refused_by_host() const {
  if (!runtime_->launch_failure) return false;
  const sandbox::Stage stage = runtime_->launch_failure->stage;
  return stage != sandbox::Stage::exec && stage != sandbox::Stage::load &&
         stage != sandbox::Stage::working_folder;
}

bool ExecutionEnvironment::ended() const {
  return helper_gone_ || runtime_->wait_status.has_value() || runtime_->launch_failure.has_value();
}

PlatformError ExecutionEnvironment::why_it_ended(const std::string& request_id) const {
  if (runtime_->init_error) return {runtime_->init_error->error_type, runtime_->init_error->body};
  if (memory_->over_limit()) return out_of_memory(request_id);
  if (runtime_->launch_failure) {
    const sandbox::Report& failure = *runtime_->launch_failure;
    const sandbox::SandboxSpec& spec = settings_.spec;
    if (failure.stage == sandbox::Stage::load) {
      const std::string& path = spec.direct ? spec.direct->loaded : spec.normal.loaded;
      return invalid_entrypoint(request_id, "fork/exec " + path + ": " + go_error_text(failure.os_error));
    }
    if (failure.stage != sandbox::Stage::exec)  // ours to explain: the bootstrap had no part in it
      return platform_error("Sandbox.Failure", request_id,
                            "the sandbox's step '" + std::string(sandbox::name_of(failure.stage)) +
                                "' failed: " + go_error_text(failure.os_error));
    const std::string what = "fork/exec " + spec.normal.path + ": " + go_error_text(failure.os_error);
    if (settings_.executed == EnvironmentSettings::Executed::qemu)  // it was there when lemu looked for it
      return platform_error("Sandbox.Failure", request_id, "QEMU cannot be executed any more: " + what);
    return invalid_entrypoint(request_id, what);
  }
  if (runtime_->wait_status) return runtime_ended(request_id, *runtime_->wait_status);
  return platform_error("Sandbox.Failure", request_id, "the execution environment ended");
}

void ExecutionEnvironment::log_init_failure(InitFailureRecord::Phase phase, InitEnd end,
                                            std::chrono::nanoseconds duration,
                                            const std::string& request_id) {
  InitFailureRecord failure;
  failure.phase = phase;
  failure.duration = duration;
  failure.status =
      end == InitEnd::timed_out ? InitFailureRecord::Status::timeout : InitFailureRecord::Status::error;
  if (end == InitEnd::failed) failure.error_type = why_it_ended(request_id).type;
  log_reader_->drain();
  log_.platform_line(init_report_line(failure));
}

/// What a runtime wrote to its sockets before it ended is still on its way: its answer counts.
asio::awaitable<void> ExecutionEnvironment::settle_connections() {
  const auto settled = [this] { return api_->open_connections() == 0 || runtime_->answer || helper_gone_; };
  // Nobody tells of a closed connection, so they are looked at now and then: the kernel has closed them by
  // now.
  constexpr std::chrono::milliseconds kNowAndThen{1};
  const Clock::time_point latest = Clock::now() + kLastWords;
  while (Clock::now() < latest && !co_await wait_until(Clock::now() + kNowAndThen, settled)) {
  }
}

/// Ends every process of the function. /tmp stays. The next invocation starts with an init.
asio::awaitable<void> ExecutionEnvironment::reset() {
  all_gone_ = false;
  sandbox_->kill_all();
  co_await wait_until(Clock::now() + kHelperPatience, [this] { return all_gone_ || helper_gone_; });
  lost_ = !all_gone_ || refused_by_host();
  log_reader_->drain();
  api_->restart();
  memory_->forget_process();
  runtime_.reset();
  init_duration_.reset();
}

}  // namespace lemu::emulator
