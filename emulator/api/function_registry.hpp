// SPDX-License-Identifier: Apache-2.0
// FunctionRegistry: the functions a daemon serves, each with its launcher and its pool. Owned by the daemon;
// lives on its io_context's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "emulator/async/retry_rules.hpp"
#include "emulator/environment/function_launcher.hpp"
#include "emulator/pool/function_instance.hpp"
#include "emulator/pool/pool.hpp"

namespace lemu::emulator {

/// How a function is served.
struct ServingSettings {
  PoolSettings pool;
  std::uint32_t prewarm = 0;  ///< environments made ahead of the first invocations
  RetryRules retries;         ///< of its asynchronous events
};

/// One function in one version.
class ServedFunction {
 public:
  ServedFunction(boost::asio::io_context& context, EnvironmentHost& host, FunctionSetup setup,
                 const ServingSettings& settings, AccountConcurrency& account, Identifiers& ids,
                 EnvironmentFolder folder, std::shared_ptr<FunctionLog> log, DaemonLog& log_of_daemon)
      : folder_(std::move(folder)),
        log_(std::move(log)),
        launcher_(context, host, std::move(setup),
                  [this, &log_of_daemon](FunctionLauncher::Weight weight, const std::string& remark) {
                    // At the highest level nothing leaves a warning out.
                    log_of_daemon.write(weight == FunctionLauncher::Weight::warning
                                            ? DaemonLog::Level::error
                                            : DaemonLog::Level::warning,
                                        remark, {{"function", config().name}});
                  }),
        maker_(launcher_, host, folder_, ids, *log_, metrics_, log_of_daemon),
        pool_(context, maker_, account, settings.pool),
        retries_(settings.retries) {}

  /// Blocking; once.
  Status prepare() { return launcher_.prepare(folder_); }
  /// What prepare() said is the answer to whoever invokes it.
  void serve_defect(Error defect) { maker_.know_defect(std::move(defect)); }
  [[nodiscard]] const FunctionConfig& config() const { return launcher_.setup().function.config; }
  /// Whether an invocation with this qualifier, which may be empty, runs this version.
  [[nodiscard]] bool answers_to(std::string_view qualifier) const {
    return qualifier == config().version || (qualifier.empty() && config().version == kLatestVersion);
  }
  [[nodiscard]] EnvironmentPool& pool() { return pool_; }
  [[nodiscard]] const EnvironmentPool& pool() const { return pool_; }
  [[nodiscard]] const RetryRules& retries() const { return retries_; }
  [[nodiscard]] const std::shared_ptr<FunctionLog>& log() const { return log_; }
  [[nodiscard]] const FunctionMetrics& metrics() const { return metrics_; }
  [[nodiscard]] const FunctionLauncher& launcher() const { return launcher_; }

 private:
  EnvironmentFolder folder_;
  std::shared_ptr<FunctionLog> log_;  // shared with clients that follow it
  FunctionMetrics metrics_;
  FunctionLauncher launcher_;
  InstanceMaker maker_;
  EnvironmentPool pool_;
  const RetryRules retries_;
};

class FunctionRegistry {
 public:
  using Functions = std::map<std::string, std::unique_ptr<ServedFunction>, std::less<>>;

  void add(std::unique_ptr<ServedFunction> function) {
    functions_[function->config().name] = std::move(function);
  }
  /// nullptr when there is none of that name.
  [[nodiscard]] ServedFunction* find(std::string_view name) const {
    const Functions::const_iterator found = functions_.find(name);
    return found == functions_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] const Functions& all() const { return functions_; }
  void clear() { functions_.clear(); }

 private:
  Functions functions_;
};

}  // namespace lemu::emulator
