// SPDX-License-Identifier: Apache-2.0
// ExecutionEnvironment: one sandbox, one runtime process in it, one Runtime API endpoint; initialised once,
// then used for one invocation after another. Owns all three. Lives on its io_context's thread.
//
// The lifecycle is Lambda's ("Lambda execution environment lifecycle", AWS Lambda Developer Guide): an init
// that fails or takes too long is repeated inside the first invocation, under the function's timeout; a
// crash, a timeout or too much memory resets the environment (processes end by SIGKILL, /tmp stays) and the
// next invocation starts with an init.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "emulator/environment/environment_host.hpp"
#include "emulator/environment/lifecycle.hpp"
#include "emulator/environment/log_reader.hpp"
#include "emulator/environment/memory_watch.hpp"
#include "emulator/environment/response_sink.hpp"
#include "emulator/environment/stillness.hpp"
#include "emulator/function/config.hpp"
#include "emulator/report/invocation_record.hpp"
#include "emulator/report/platform_error.hpp"
#include "qemu/sandbox/launcher.hpp"
#include "rapi/runtime_api.hpp"

namespace lemu::emulator {

struct EnvironmentSettings {
  std::string helper;         ///< host path of lemu-sandbox
  sandbox::SandboxSpec spec;  ///< whole, environment included
  Fd runtime_api_listener;    ///< listening; its address is in the environment already
  FunctionConfig function;
  std::chrono::milliseconds init_limit{10'000};  ///< in wall time, scaled
  std::chrono::milliseconds timeout{3'000};      ///< in wall time, scaled
  LogReader::Guest guest = LogReader::Guest::native;
  Rest rest = Rest::running;
  enum class Executed { bootstrap, qemu } executed = Executed::bootstrap;  ///< by spec.normal
};

/// One invocation, as its caller wants it.
struct Invocation {
  rapi::Event event;  ///< the deadline is filled in when it is handed over
  /// Whether the record is to hold Max Memory Used. The limit is held either way.
  enum class MemoryFigure { wanted, unwanted } memory_figure = MemoryFigure::wanted;
  enum class Log { none, tail } log = Log::none;  ///< whether the caller wants the end of the log
  /// Takes the response where `delivery` asks for pieces.
  ResponseSink* sink = nullptr;
  rapi::ResponseDelivery delivery = rapi::ResponseDelivery::whole;
};

/// What Invoke returns.
struct Answer {
  enum class Kind { response, function_error } kind = Kind::response;
  std::string payload;    ///< of a streamed response only what went wrong, if anything did
  bool streamed = false;  ///< the sink has had the response
  // As in the record.
  InvocationStatus status = InvocationStatus::success;
  std::string error_type = {};
};

class ExecutionEnvironment : private sandbox::SandboxObserver, private rapi::RuntimeObserver {
 public:
  ExecutionEnvironment(boost::asio::io_context& context, EnvironmentHost& host, EnvironmentSettings settings,
                       LogSink& log);
  /// Blocks until everything that ran in it is gone.
  ~ExecutionEnvironment() override;
  /// For whoever must not block: what ends everything that ran in it, and waits for that, when it is
  /// destroyed. Then only to be destroyed.
  [[nodiscard]] std::optional<sandbox::HelperProcess> release();

  /// Makes the sandbox. host_lacks names the step that was refused.
  boost::asio::awaitable<Status> open();
  /// The first init. A failure is logged (INIT_REPORT) and repeated by the first invocation. host_lacks when
  /// the host refused the function's process its user or its limits: nothing of the function has run then.
  boost::asio::awaitable<Status> init();
  [[nodiscard]] bool initialised() const { return lifecycle_.started(); }
  /// One invocation, one at a time. `answered` is called as soon as the caller's answer is known, exactly
  /// once, which may be before the invocation is complete. START, END and INIT_REPORT are logged; REPORT is
  /// the caller's to write from the record.
  boost::asio::awaitable<InvocationRecord> invoke(Invocation invocation,
                                                  std::function<void(Answer)> answered);

  /// Runs the specification's program, which is no runtime, to its end: its wait(2) status.
  boost::asio::awaitable<Result<int>> run_program();

  /// The helper is gone, or starts nothing any more, which a function can bring about that runs as its user:
  /// no invocation can succeed here.
  [[nodiscard]] bool lost() const { return lifecycle_.lost(); }

  /// Between invocations: the function's processes are stopped, and go on. Without a sandbox those that
  /// /proc tells of.
  void freeze() { stillness_->begin(); }
  void thaw() { stillness_->end(); }
  /// Why the kernel does not freeze them (Rest::frozen); empty where it does.
  [[nodiscard]] const std::string& why_not_frozen() const { return why_not_frozen_; }

  /// Wanted parts of the sandbox that this host refused; known once open() is done.
  [[nodiscard]] const std::vector<sandbox::Report>& losses() const { return losses_; }
  /// The helper's pid on the host; -1 before open().
  [[nodiscard]] pid_t helper_pid() const { return helper_pid_; }

 private:
  using Clock = Lifecycle::Clock;
  struct RuntimeWords;  // what the present runtime process has said

  // SandboxObserver
  void on_report(const sandbox::Report& report, pid_t sender) override;
  void on_helper_gone() override;
  // RuntimeObserver
  void on_next() override;
  void on_response_begin(rapi::ResponseHead head) override;
  http::Flow on_response_piece(std::string_view bytes) override;
  void on_response(rapi::FunctionResponse response) override;
  void on_error(rapi::FunctionError error) override;
  void on_init_error(rapi::FunctionError error) override;
  void on_response_rejected(rapi::ResponseFault fault) override;
  void on_refused(const http::Refused& refused) override;

  std::optional<qemu::Freezer> make_freezer();
  void wake() { wake_.cancel(); }
  void note(LifeEvent event) { note(event, Clock::now()); }
  void note(LifeEvent event, Clock::time_point when);
  void note_failure(const sandbox::Report& report);
  void note_answer(Answer answer);
  template <class Condition>
  boost::asio::awaitable<bool> wait_until(Clock::time_point deadline, Condition condition);

  void start_process();
  boost::asio::awaitable<PhaseEnd> run_init(Clock::time_point deadline);
  boost::asio::awaitable<PhaseEnd> repeat_init(Clock::time_point begun, const std::string& request_id);
  boost::asio::awaitable<void> reset();
  boost::asio::awaitable<void> settle_connections();
  [[nodiscard]] Lifecycle::Memory memory_use() const;
  [[nodiscard]] bool ended() const { return lifecycle_.ended(); }
  [[nodiscard]] bool refused_by_host() const;
  [[nodiscard]] PlatformError why_it_ended(const std::string& request_id) const;
  [[nodiscard]] PlatformError why_it_was_not_launched(const std::string& request_id) const;
  void log_init_failure(InitFailureRecord::Phase phase, PhaseEnd end, std::chrono::nanoseconds duration,
                        const std::string& request_id);

  void dispatch(Invocation invocation, Clock::time_point deadline);
  boost::asio::awaitable<PhaseEnd> await_answer(Clock::time_point deadline, InvocationRecord& record,
                                                const std::function<void(Answer)>& answered);
  boost::asio::awaitable<PhaseEnd> await_next(Clock::time_point deadline);
  void give(Answer answer, const InvocationRecord& record, const std::function<void(Answer)>& answered);
  [[nodiscard]] bool broke_off() const;
  /// Returns what the caller is told.
  Answer end_by_platform(InvocationRecord& record, PhaseEnd end) const;
  void measure(InvocationRecord& record, Clock::time_point begun, Invocation::MemoryFigure figure);

  boost::asio::io_context& context_;
  EnvironmentHost& host_;
  EnvironmentSettings settings_;
  LogSink& log_;
  boost::asio::steady_timer wake_;
  std::unique_ptr<LogReader> log_reader_;
  std::unique_ptr<rapi::RuntimeApi> api_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::optional<Stillness> stillness_;
  std::string why_not_frozen_;
  std::unique_ptr<MemoryWatch> memory_;
  Lifecycle lifecycle_;
  std::unique_ptr<RuntimeWords> said_;
  pid_t helper_pid_ = -1;
  std::optional<sandbox::Report> refused_;  ///< the step at which the sandbox failed
  std::vector<sandbox::Report> losses_;
};

}  // namespace lemu::emulator
