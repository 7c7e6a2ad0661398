// SPDX-License-Identifier: Apache-2.0
// FunctionInstance: one execution environment in a daemon, with its folder and its log. Made by an
// InstanceMaker, owned by a pool. Lives on its io_context's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "emulator/environment/function_launcher.hpp"
#include "emulator/environment/identifiers.hpp"
#include "emulator/pool/pool.hpp"
#include "emulator/report/daemon_log.hpp"
#include "emulator/report/metrics.hpp"
#include "emulator/store/function_log.hpp"

namespace lemu::emulator {

/// The log of one environment: part of its function's, and the end of the present invocation's for who asked
/// for it.
class InstanceLog : public LogSink {
 public:
  using Warn = std::function<void(const std::string& kind, const std::string& text)>;
  InstanceLog(FunctionLog& function, std::string stream, Warn warn)
      : function_(function), stream_(std::move(stream)), warn_(std::move(warn)) {}
  ~InstanceLog() override { function_.end(stream_); }
  void function_output(std::string_view bytes) override { append(bytes); }
  void platform_line(std::string_view line) override;
  void detail(std::string_view) override {}
  void misuse(const std::string& kind, const std::string& text) override { warn_(kind, text); }
  /// Nobody is waited for: what is not read in time is not kept.
  void when_taken(std::function<void()> then) override { then(); }

  void begin_tail();
  [[nodiscard]] std::string take_tail();
  [[nodiscard]] const std::string& stream() const { return stream_; }

 private:
  void append(std::string_view bytes);
  FunctionLog& function_;
  const std::string stream_;
  const Warn warn_;
  bool keeps_tail_ = false;
  bool at_line_start_ = true;
  std::string tail_;
};

class FunctionInstance : public PooledEnvironment {
 public:
  FunctionInstance(EnvironmentFolder folder, FunctionLog& log, FunctionMetrics& metrics,
                   std::string log_stream, InstanceLog::Warn warn)
      : folder_(std::move(folder)), log_(log, std::move(log_stream), std::move(warn)), metrics_(metrics) {}

  boost::asio::awaitable<Status> start(FunctionLauncher& launcher);
  /// Stands for one that cannot be started: each invocation fails so, as on Lambda.
  void start_broken(const FunctionConfig& function, const Error& defect);
  boost::asio::awaitable<InvocationRecord> invoke(Invocation invocation,
                                                  std::function<void(Answer)> answered) override;
  [[nodiscard]] std::string take_tail() override { return log_.take_tail(); }
  [[nodiscard]] const std::string& log_stream() const { return log_.stream(); }
  [[nodiscard]] bool lost() const override { return environment_ && environment_->lost(); }
  void freeze() override {
    if (environment_) environment_->freeze();
  }
  void thaw() override {
    if (environment_) environment_->thaw();
  }
  [[nodiscard]] const std::string& why_not_frozen() const { return environment_->why_not_frozen(); }

  /// What takes its time to end: everything that runs there, then its folder.
  struct Remains {
    EnvironmentFolder folder;
    std::optional<sandbox::HelperProcess> helper;  // ends first
  };
  /// Then only to be destroyed.
  [[nodiscard]] Remains release();

 private:
  InvocationRecord fail_to_start(const std::string& request_id, const std::function<void(Answer)>& answered);

  EnvironmentFolder folder_;
  InstanceLog log_;
  FunctionMetrics& metrics_;
  std::unique_ptr<ExecutionEnvironment> environment_;  // ends before its folder goes
  struct Broken {
    FunctionConfig function;
    std::string why;
  };
  std::optional<Broken> broken_;
};

class InstanceMaker : public EnvironmentMaker {
 public:
  /// Instances' folders are made beside `folder`, which outlives this.
  InstanceMaker(FunctionLauncher& launcher, EnvironmentHost& host, const EnvironmentFolder& folder,
                Identifiers& ids, FunctionLog& log, FunctionMetrics& metrics, DaemonLog& daemon_log)
      : launcher_(launcher),
        host_(host),
        folder_(folder),
        ids_(ids),
        log_(log),
        metrics_(metrics),
        daemon_log_(daemon_log) {}
  boost::asio::awaitable<Result<std::unique_ptr<PooledEnvironment>>> make() override;
  void end(std::unique_ptr<PooledEnvironment> environment) override;
  /// The function cannot be started: instances only say so.
  void know_defect(Error defect) { defect_ = std::move(defect); }

 private:
  void warn(const std::string& stream, const std::string& kind, const std::string& text);
  void tell_freezing(const FunctionInstance& instance);

  FunctionLauncher& launcher_;
  EnvironmentHost& host_;
  const EnvironmentFolder& folder_;
  Identifiers& ids_;
  FunctionLog& log_;
  FunctionMetrics& metrics_;
  DaemonLog& daemon_log_;
  std::set<std::string> warned_;  // kinds, over all environments
  std::optional<Error> defect_;
  bool freezing_told_ = false;
};

}  // namespace lemu::emulator
