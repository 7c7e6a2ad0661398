// SPDX-License-Identifier: Apache-2.0
// Daemon: functions served over the Lambda API, from the listening socket to the last environment's end. Made
// by `lemu serve`; everything it has lives on its io_context's one thread, but for the journal's and those
// of blocking work.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/api/control_api.hpp"
#include "emulator/api/daemon_api.hpp"
#include "emulator/api/function_registry.hpp"
#include "emulator/async/async_queue.hpp"
#include "emulator/function/event.hpp"
#include "emulator/report/daemon_log.hpp"
#include "emulator/store/control_socket.hpp"
#include "emulator/store/state_folder.hpp"

namespace lemu::emulator {

struct DaemonFunction {
  FunctionSetup setup;
  ServingSettings serving;
  std::string origin;  ///< for messages: where it was written, and its name
};

struct DaemonSettings {
  std::vector<DaemonFunction> functions;
  std::string environment_base;  ///< where environments' folders are made
  std::string state_folder;      ///< empty: accepted events are kept only as long as the daemon runs
  std::string log_folder;        ///< empty: the functions' logs are kept in memory only
  std::string listen = "127.0.0.1";
  std::uint16_t port = 0;
  /// Of those who connect over loopback.
  enum class Callers { own_user, every_user } callers = Callers::own_user;
  std::vector<std::string> host_names;
  /// Of functions that cannot be started: whether the others are served.
  enum class Broken { answers, refused } broken = Broken::answers;
  std::chrono::milliseconds drain_timeout{10'000};
  http::Limits http;
  std::size_t payload_limit = kEventLimit;  ///< of an asynchronous one Lambda's, if that is less
};

class Daemon {
 public:
  /// Clients are many, and most of them idle.
  static http::Limits http_limits();

  Daemon(boost::asio::io_context& context, DaemonSettings settings, Identifiers& ids, DaemonLog& log);
  /// Ends everything that it started; blocks a few milliseconds for it.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Listens, prepares every function, serves: the address, "127.0.0.1:9000".
  Result<std::string> start();
  /// Takes no more; `drained` is called when what runs is done or the drain timeout is over. Once.
  void drain(std::function<void()> drained);
  /// Called when a client asks for the end.
  void on_stop_asked(std::function<void()> call) { stop_asked_ = std::move(call); }

 private:
  Status open_state();
  void serve(Fd listener);
  Status serve_control(const std::string& address);
  [[nodiscard]] std::shared_ptr<http::CallerGuard> guard() const;
  Status add_functions();
  Status add(DaemonFunction function);
  Status take_defect(ServedFunction& function, const std::string& origin, const Error& defect);
  void take_stop_request(const http::Reply& reply);
  [[nodiscard]] bool runs_something() const;
  [[nodiscard]] bool drained();
  void look_whether_drained(std::function<void()> done, std::chrono::steady_clock::time_point deadline);

  boost::asio::io_context& context_;
  DaemonSettings settings_;
  Identifiers& ids_;
  DaemonLog& log_;
  std::function<void()> stop_asked_ = [] {};
  std::vector<http::Reply> stop_replies_;
  std::optional<EnvironmentFolder> folder_;
  std::optional<EnvironmentFolder> passing_state_;
  std::optional<StateFolder> state_;
  EnvironmentHost host_{EnvironmentHost::Environments::many};
  AccountConcurrency account_;
  FunctionRegistry functions_;
  std::size_t broken_ = 0;  // of them
  std::optional<JournalThread> journal_;
  std::optional<AsyncQueue> events_;
  std::optional<DaemonApi> api_;
  std::optional<http::Server> server_;
  std::optional<ControlSocket> control_;
  std::optional<ControlApi> control_api_;
  std::optional<http::Server> control_server_;
  boost::asio::steady_timer drain_timer_;
};

}  // namespace lemu::emulator
