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
#include "emulator/environment/runtime_words.hpp"
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
    : context_(context),
      host_(host),
      settings_(std::move(settings)),
      log_(log),
      wake_(context),
      said_(std::make_unique<RuntimeWords>()) {}

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
  co_await wait_until(Clock::now() + kHelperPatience,
                      [this] { return lifecycle_.sandbox() != SandboxState::opening; });
  if (refused_) co_return fail(refusal(*refused_, settings_.spec));
  if (helper_pid_ < 0) co_return fail<"helper-ended">(at<"helper">(settings_.helper));
  stillness_.emplace(context_, *sandbox_, helper_pid_, std::move(freezer));
  const MemoryWatch::Function function{
      .helper = helper_pid_, .guest = settings_.guest, .limit = settings_.function.memory_mb << 20};
  memory_ = std::make_unique<MemoryWatch>(context_, host_, function, [this] { wake(); });
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
  start_process();
  co_await wait_until(Clock::time_point::max(), [this] { return ended(); });
  if (refused_by_host()) co_return fail(refusal(*said_->launch_failure, settings_.spec));
  if (said_->launch_failure) {
    const sandbox::Report& failure = *said_->launch_failure;
    co_return fail_errno<"shell-command-not-run">(failure.os_error,
                                                  at<"program">(settings_.spec.normal.path));
  }
  if (lifecycle_.process() != ProcessState::exited) co_return fail<"environment-ended">();
  co_return said_->wait_status;
}

asio::awaitable<Status> ExecutionEnvironment::init() {
  log_.platform_line(init_start_line(settings_.function.region));
  const PhaseEnd end = co_await run_init(Clock::now() + settings_.init_limit);
  if (end == PhaseEnd::complete) co_return Status{};
  if (refused_by_host()) co_return fail(refusal(*said_->launch_failure, settings_.spec));
  const std::chrono::nanoseconds duration = end == PhaseEnd::timed_out
                                                ? settings_.init_limit
                                                : lifecycle_.ended_at(Clock::now()) - lifecycle_.exec_at();
  log_init_failure(InitFailureRecord::Phase::init, end, duration, {});
  co_await reset();
  co_return Status{};
}

void ExecutionEnvironment::start_process() {
  *said_ = {};
  lifecycle_.note(LifeEvent::start, Clock::now());
  sandbox_->start();
}

/// Starts the runtime and waits for its first `next`.
asio::awaitable<PhaseEnd> ExecutionEnvironment::run_init(Clock::time_point deadline) {
  start_process();
  co_await wait_until(deadline, [this] { return lifecycle_.init_end(memory_use()) != PhaseEnd::timed_out; });
  // Having said that it cannot start, a runtime says on stderr why, and leaves.
  if (lifecycle_.phase() == LifePhase::init_error && !ended())
    co_await wait_until(deadline, [this] { return ended() || memory_->over_limit(); });
  if (ended() && !lifecycle_.waiting()) co_await settle_connections();
  co_return lifecycle_.init_end(memory_use());
}

/// The init of an invocation that has none before it, under the function's own timeout.
asio::awaitable<PhaseEnd> ExecutionEnvironment::repeat_init(Clock::time_point begun,
                                                            const std::string& request_id) {
  const PhaseEnd end = co_await run_init(begun + settings_.timeout);
  if (end != PhaseEnd::complete)
    log_init_failure(InitFailureRecord::Phase::invoke, end, Clock::now() - begun, request_id);
  static_cast<void>(lifecycle_.take_init_duration());  // it is part of the invocation's own
  co_return end;
}

asio::awaitable<InvocationRecord> ExecutionEnvironment::invoke(Invocation invocation,
                                                               std::function<void(Answer)> answered) {
  InvocationRecord record;
  record.request_id = invocation.event.request_id;
  record.function_name = settings_.function.name;
  record.function_version = settings_.function.version;
  record.memory_size_mb = settings_.function.memory_mb;
  const Invocation::MemoryFigure figure = invocation.memory_figure;
  Clock::time_point begun = Clock::now();

  // A runtime that ended while it had nothing to do is replaced, as it is after a failed invocation.
  if (lifecycle_.started() && ended()) co_await reset();
  PhaseEnd end = PhaseEnd::complete;
  const bool repeats_init = !lifecycle_.started();
  if (repeats_init) end = co_await repeat_init(begun, record.request_id);
  record.init_duration = lifecycle_.take_init_duration();
  log_reader_->drain();
  log_.platform_line(start_line(record.request_id, settings_.function.version));
  // The time counts from the handing over, not from a START line that a slow reader of stderr may hold up.
  if (!repeats_init) begun = Clock::now();
  const Clock::time_point deadline = begun + settings_.timeout;
  if (end == PhaseEnd::complete) {
    dispatch(std::move(invocation), deadline);
    end = co_await await_answer(deadline, record, answered);
  } else {
    give(end_by_platform(record, end), record, answered);
  }

  measure(record, begun, figure);
  if (end != PhaseEnd::complete || !lifecycle_.warm()) co_await reset();
  log_reader_->drain();
  log_.platform_line(end_line(record.request_id));
  co_return record;
}

void ExecutionEnvironment::dispatch(Invocation invocation, Clock::time_point deadline) {
  invocation.event.deadline_ms = unix_ms(std::chrono::system_clock::now() + (deadline - Clock::now()));
  said_->streamed_bytes.reset();
  said_->sink = invocation.sink;
  lifecycle_.note(LifeEvent::dispatch);
  memory_->begin();
  api_->dispatch(std::move(invocation.event), invocation.delivery);
}

/// From the event handed over to the invocation's end: an answer and the following `next`, or a failure.
asio::awaitable<PhaseEnd> ExecutionEnvironment::await_answer(Clock::time_point deadline,
                                                             InvocationRecord& record,
                                                             const std::function<void(Answer)>& answered) {
  co_await wait_until(deadline, [this] { return lifecycle_.answered() || ended() || memory_->over_limit(); });
  if (ended() && !lifecycle_.answered()) co_await settle_connections();
  if (broke_off()) {  // mostly as the runtime ended, which says more, and is known at once
    co_await wait_until(Clock::now() + kLastWords, [this] { return ended(); });
    if (ended()) lifecycle_.note(LifeEvent::answer_withdrawn);
  }
  if (lifecycle_.answered() && !memory_->check_now()) {
    record.status = said_->answer.status;
    record.error_type = said_->answer.error_type;
    record.response_bytes = said_->streamed_bytes.value_or(said_->answer.payload.size());
    give(std::move(said_->answer), record, answered);
    // The caller has its answer; the environment is busy until the runtime asks for the next event.
    const PhaseEnd end = co_await await_next(deadline);
    if (end != PhaseEnd::complete) end_by_platform(record, end);
    co_return end;
  }
  const PhaseEnd end = lifecycle_.invocation_end(memory_use());
  give(end_by_platform(record, end), record, answered);
  co_return end;
}

asio::awaitable<PhaseEnd> ExecutionEnvironment::await_next(Clock::time_point deadline) {
  co_await wait_until(deadline, [this] { return lifecycle_.waiting() || ended() || memory_->over_limit(); });
  if (ended() && !lifecycle_.waiting()) co_await settle_connections();
  memory_->check_now();
  co_return lifecycle_.invocation_end(memory_use());
}

/// Tells the caller its answer; the sink hears nothing more.
void ExecutionEnvironment::give(Answer answer, const InvocationRecord& record,
                                const std::function<void(Answer)>& answered) {
  said_->sink = nullptr;
  answer.streamed = said_->streamed_bytes.has_value();
  answer.status = record.status;
  answer.error_type = record.error_type;
  answered(std::move(answer));
}

/// A stream that has begun ended before its last chunk.
bool ExecutionEnvironment::broke_off() const {
  return lifecycle_.answered() && said_->streamed_bytes && said_->answer.status == InvocationStatus::error &&
         said_->answer.error_type == kTruncatedResponse;
}

Answer ExecutionEnvironment::end_by_platform(InvocationRecord& record, PhaseEnd end) const {
  const bool timeout = end == PhaseEnd::timed_out;
  PlatformError error =
      timeout ? timed_out(record.request_id, settings_.timeout) : why_it_ended(record.request_id);
  record.status = timeout ? InvocationStatus::timeout : InvocationStatus::error;
  record.error_type = std::move(error.type);
  return {Answer::Kind::function_error, std::move(error.payload)};
}

/// The figures of an invocation that is over.
void ExecutionEnvironment::measure(InvocationRecord& record, Clock::time_point begun,
                                   Invocation::MemoryFigure figure) {
  const Lifecycle::Outcome outcome =
      record.status == InvocationStatus::error ? Lifecycle::Outcome::failed : Lifecycle::Outcome::good;
  record.duration = record.status == InvocationStatus::timeout
                        ? std::chrono::nanoseconds(settings_.timeout)
                        : std::max(begun, lifecycle_.completed_at(outcome, Clock::now())) - begun;
  if (figure == Invocation::MemoryFigure::wanted) {
    record.max_memory = memory_->figure();
    if (!record.max_memory) record.max_memory_absent = memory_->why_absent();
  }
  memory_->rest();
}

Lifecycle::Memory ExecutionEnvironment::memory_use() const {
  return memory_->over_limit() ? Lifecycle::Memory::over_limit : Lifecycle::Memory::within_limit;
}

/// The function's process could not be made as it must be; as opposed to: its program could not be executed.
bool ExecutionEnvironment::refused_by_host() const {
  if (!said_->launch_failure) return false;
  const sandbox::Stage stage = said_->launch_failure->stage;
  return stage != sandbox::Stage::exec && stage != sandbox::Stage::load &&
         stage != sandbox::Stage::working_folder;
}

PlatformError ExecutionEnvironment::why_it_ended(const std::string& request_id) const {
  if (said_->init_error) return {said_->init_error->error_type, said_->init_error->body};
  if (memory_->over_limit()) return out_of_memory(request_id);
  if (said_->launch_failure) return why_it_was_not_launched(request_id);
  if (lifecycle_.process() == ProcessState::exited) return runtime_ended(request_id, said_->wait_status);
  return platform_error("Sandbox.Failure", request_id, "the execution environment ended");
}

PlatformError ExecutionEnvironment::why_it_was_not_launched(const std::string& request_id) const {
  const sandbox::Report& failure = *said_->launch_failure;
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

void ExecutionEnvironment::log_init_failure(InitFailureRecord::Phase phase, PhaseEnd end,
                                            std::chrono::nanoseconds duration,
                                            const std::string& request_id) {
  InitFailureRecord failure;
  failure.phase = phase;
  failure.duration = duration;
  failure.status =
      end == PhaseEnd::timed_out ? InitFailureRecord::Status::timeout : InitFailureRecord::Status::error;
  if (end == PhaseEnd::failed) failure.error_type = why_it_ended(request_id).type;
  log_reader_->drain();
  log_.platform_line(init_report_line(failure));
}

/// What a runtime wrote to its sockets before it ended is still on its way: its answer counts.
asio::awaitable<void> ExecutionEnvironment::settle_connections() {
  const auto settled = [this] {
    return api_->open_connections() == 0 || lifecycle_.answered() ||
           lifecycle_.sandbox() == SandboxState::gone;
  };
  // Nobody tells of a closed connection, so they are looked at now and then: the kernel has closed them by
  // now.
  constexpr std::chrono::milliseconds kNowAndThen{1};
  const Clock::time_point latest = Clock::now() + kLastWords;
  while (Clock::now() < latest && !co_await wait_until(Clock::now() + kNowAndThen, settled)) {
  }
}

/// Ends every process of the function. /tmp stays. The next invocation starts with an init.
asio::awaitable<void> ExecutionEnvironment::reset() {
  lifecycle_.note(LifeEvent::clear);
  sandbox_->kill_all();
  co_await wait_until(Clock::now() + kHelperPatience,
                      [this] { return lifecycle_.sandbox() != SandboxState::clearing; });
  if (lifecycle_.sandbox() == SandboxState::clearing || refused_by_host())
    lifecycle_.note(LifeEvent::given_up);
  log_reader_->drain();
  api_->restart();
  memory_->forget_process();
}

}  // namespace lemu::emulator
