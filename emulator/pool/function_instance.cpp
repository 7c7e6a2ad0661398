// SPDX-License-Identifier: Apache-2.0
#include "emulator/pool/function_instance.hpp"

#include "emulator/report/platform_error.hpp"
#include "emulator/report/report_line.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kTailBytes = 4096;  // Invoke's LogResult: "the last 4 KB of the execution log"

}  // namespace

void InstanceLog::append(std::string_view bytes) {
  if (bytes.empty()) return;
  at_line_start_ = bytes.back() == '\n';
  function_.append(stream_, bytes);
  if (!keeps_tail_) return;
  tail_.append(bytes);
  // Cut now and then only: a function may write line by line.
  if (tail_.size() > 4 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

void InstanceLog::platform_line(std::string_view line) {
  if (!at_line_start_) append("\n");
  append(line);
}

void InstanceLog::begin_tail() {
  keeps_tail_ = true;
  tail_.clear();
}

std::string InstanceLog::take_tail() {
  keeps_tail_ = false;
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  return std::exchange(tail_, {});
}

asio::awaitable<Status> FunctionInstance::start(FunctionLauncher& launcher) {
  const EnvironmentPlace place{folder_, log_, log_.stream()};
  Result<std::unique_ptr<ExecutionEnvironment>> launched = co_await launcher.launch(place);
  LEMU_CO_TRY(launched);
  environment_ = std::move(*launched);
  co_return co_await launcher.init(environment_, place);
}

asio::awaitable<InvocationRecord> FunctionInstance::invoke(Invocation invocation,
                                                           std::function<void(Answer)> answered) {
  if (invocation.log == Invocation::Log::tail) log_.begin_tail();
  InvocationRecord record;
  if (broken_)  // no ?: here: GCC 12 destroys the arguments of a co_await in a branch that was not taken
    record = fail_to_start(invocation.event.request_id, answered);
  else
    record = co_await environment_->invoke(std::move(invocation), std::move(answered));
  log_.platform_line(report_line(record));
  metrics_.count(record);
  co_return record;
}

void FunctionInstance::start_broken(const FunctionConfig& function, const Error& defect) {
  broken_ = {function, defect.aws_message.empty() ? defect.message : defect.aws_message};
}

InvocationRecord FunctionInstance::fail_to_start(const std::string& request_id,
                                                 const std::function<void(Answer)>& answered) {
  const PlatformError error = invalid_entrypoint(request_id, broken_->why);
  InvocationRecord record;
  record.request_id = request_id;
  record.function_name = broken_->function.name;
  record.function_version = broken_->function.version;
  record.memory_size_mb = broken_->function.memory_mb;
  record.status = InvocationStatus::error;
  record.error_type = error.type;
  record.max_memory_absent = "the function did not start";
  log_.platform_line(start_line(request_id, broken_->function.version));
  answered({.kind = Answer::Kind::function_error,
            .payload = error.payload,
            .status = record.status,
            .error_type = error.type});
  log_.platform_line(end_line(request_id));
  return record;
}

FunctionInstance::Remains FunctionInstance::release() {
  Remains remains{std::move(folder_), environment_ ? environment_->release() : std::nullopt};
  environment_.reset();
  return remains;
}

void InstanceMaker::warn(const std::string& stream, const std::string& kind, const std::string& text) {
  if (!warned_.insert(kind).second) return;
  daemon_log_.write(DaemonLog::Level::warning, text,
                    {{"function", launcher_.setup().function.config.name}, {"stream", stream}});
}

void InstanceMaker::end(std::unique_ptr<PooledEnvironment> environment) {
  FunctionInstance& instance = static_cast<FunctionInstance&>(*environment);  // made here
  if (defect_) return;
  daemon_log_.write(
      DaemonLog::Level::info, "environment ended",
      {{"function", launcher_.setup().function.config.name}, {"stream", instance.log_stream()}});
  host_.work.dispose(instance.release());
}

asio::awaitable<Result<std::unique_ptr<PooledEnvironment>>> InstanceMaker::make() {
  const std::string& name = launcher_.setup().function.config.name;
  const std::string& version = launcher_.setup().function.config.version;
  const std::string stream = log_stream_name(version, std::chrono::system_clock::now(), ids_.hex(32));
  auto instance = std::make_unique<FunctionInstance>(
      EnvironmentFolder::beside(folder_), log_, metrics_, stream,
      [this, stream](const std::string& kind, const std::string& text) { warn(stream, kind, text); });
  if (defect_) {
    instance->start_broken(launcher_.setup().function.config, *defect_);
    co_return std::unique_ptr<PooledEnvironment>(std::move(instance));
  }
  Status started = co_await instance->start(launcher_);
  if (!started) {
    daemon_log_.write(DaemonLog::Level::error, "environment not started",
                      {{"function", name}, {"reason", started.error().message}});
    co_return fail(std::move(started.error()));
  }
  daemon_log_.write(DaemonLog::Level::info, "environment started",
                    {{"function", name}, {"stream", instance->log_stream()}});
  if (launcher_.setup().rest == Rest::frozen) tell_freezing(*instance);
  co_return std::unique_ptr<PooledEnvironment>(std::move(instance));
}

/// Once for a function: the host does not change.
void InstanceMaker::tell_freezing(const FunctionInstance& instance) {
  if (std::exchange(freezing_told_, true)) return;
  const std::string& name = launcher_.setup().function.config.name;
  if (instance.why_not_frozen().empty())
    return daemon_log_.write(DaemonLog::Level::info,
                             "frozen between invocations by the kernel (cgroup.freeze)",
                             {{"function", name}});
  daemon_log_.write(DaemonLog::Level::warning,
                    "stopped between invocations by a signal, which a function can undo for a moment",
                    {{"function", name}, {"reason", instance.why_not_frozen()}});
}

}  // namespace lemu::emulator
