// SPDX-License-Identifier: Apache-2.0
#include "emulator/daemon/daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/http/caller_guard.hpp"
#include "base/http/listener.hpp"
#include "base/named_files.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kDrainStep{5};  // only while it ends
constexpr std::size_t kControlConnections = 256;    // most of them follow logs

/// What an option asked for, and lemu's own troubles, are told at the start, and end it.
bool is_of_function_alone(const Error& error) {
  constexpr std::array<std::string_view, 6> kOfOptions{"qemu-not-found",      "qemu-other-program",
                                                       "qemu-for-other-host", "sysroot-not-folder",
                                                       "environment-folder",  "environment-folder-not-yours"};
  if (error.kind == ErrorKind::bad_usage || error.kind == ErrorKind::internal) return false;
  return !error.slug.starts_with("launch-") &&
         std::find(kOfOptions.begin(), kOfOptions.end(), error.slug) == kOfOptions.end();
}

}  // namespace

http::Limits Daemon::http_limits() {
  http::Limits limits;
  limits.header_deadline = std::chrono::seconds(20);
  limits.body_deadline = std::chrono::minutes(5);
  // Longer than the pool of any SDK keeps a connection that nobody uses, where it has a limit: Java's and
  // .NET's a minute, Go's and Rust's 90 s.
  limits.idle_deadline = std::chrono::minutes(10);
  limits.connections = 16'384;
  limits.reserve = 4;
  limits.bodies_bytes = std::size_t{256} << 20;
  return limits;
}

Daemon::Daemon(asio::io_context& context, DaemonSettings settings, Identifiers& ids, DaemonLog& log)
    : context_(context), settings_(std::move(settings)), ids_(ids), log_(log), drain_timer_(context) {}

/// Who waits for `lemu stop` may start the next daemon at once: everything else is gone before the answer.
Daemon::~Daemon() {
  functions_.clear();
  host_.work.finish();
  journal_.reset();
  state_.reset();
  server_.reset();
  control_.reset();
  for (const http::Reply& reply : stop_replies_) AdminHandler::stopped(reply);
  control_server_.reset();
}

Result<std::string> Daemon::start() {
  Result<Fd> listener = http::listen_on(settings_.listen, settings_.port);
  if (!listener) {
    // The default state is the port's, so it is known who has both.
    const std::string holder = StateFolder::holder(settings_.state_folder);
    if (!holder.empty()) listener.error().message += ": a lemu serve" + holder + " has its state folder";
    return fail(std::move(listener.error()));
  }
  Result<std::string> address = http::address_of(*listener);
  LEMU_TRY(address);
  Result<EnvironmentFolder> folder = EnvironmentFolder::make(settings_.environment_base);
  LEMU_TRY(folder);
  folder_.emplace(std::move(*folder));
  LEMU_TRY(open_state());
  LEMU_TRY(add_functions());
  journal_.emplace(context_, state_->journal(),
                   [this](const std::string& text) { log_.write(DaemonLog::Level::error, text); });
  events_.emplace(
      context_, *journal_, DeadLetters(state_->dead_letters()),
      [this](const std::string& name) -> std::optional<AsyncQueue::Served> {
        ServedFunction* function = functions_.find(name);
        if (function == nullptr) return std::nullopt;
        return AsyncQueue::Served{function->pool(), function->retries()};
      },
      log_);
  events_->start();
  LEMU_TRY(serve_control(*address));
  serve(std::move(*listener));
  return address;
}

void Daemon::serve(Fd listener) {
  using http::HostGuard;
  const HostGuard::Reach reach =
      http::is_loopback(settings_.listen) ? HostGuard::Reach::loopback : HostGuard::Reach::network;
  api_.emplace(HostGuard(reach, HostGuard::HostField::demanded, settings_.host_names), functions_, *events_,
               ids_, settings_.payload_limit);
  server_.emplace(context_, std::move(listener), *api_, settings_.http, guard());
  const bool asked_for = settings_.http.connections != http_limits().connections;
  if (const std::size_t most = server_->most_connections(); asked_for && most < settings_.http.connections)
    log_.write(DaemonLog::Level::warning,
               "there can be " + std::to_string(most) + " connections at once, not " +
                   std::to_string(settings_.http.connections) +
                   ": half of the files that lemu may open (raise the hard limit: ulimit -Hn)");
  server_->start();
}

/// By a socket that no sandbox has in its file system.
Status Daemon::serve_control(const std::string& address) {
  Result<ControlSocket> control = ControlSocket::make(settings_.environment_base, address);
  LEMU_TRY(control);
  control_.emplace(std::move(*control));
  control_api_.emplace(functions_, *events_, ids_,
                       [this](const http::Reply& reply) { take_stop_request(reply); });
  http::Limits limits = http_limits();
  limits.connections = kControlConnections;
  control_server_.emplace(context_, control_->take_listener(), *control_api_, limits,
                          std::make_shared<http::OwnUserGuard>());
  control_server_->start();
  return {};
}

/// This user's and root's own connections, where the kernel tells whose one is.
std::shared_ptr<http::CallerGuard> Daemon::guard() const {
  if (settings_.callers == DaemonSettings::Callers::every_user) return nullptr;
  if (Result<SocketOwners> owners = SocketOwners::open())
    return std::make_shared<http::UserGuard>(
        std::move(*owners), std::vector<uid_t>{::geteuid(), 0}, "this lemu serve",
        "; start it with --allow-other-users to serve every user of this machine");
  else
    log_.write(DaemonLog::Level::warning,
               owners.error().message +
                   ": every user of this machine can invoke the functions, and call their Runtime APIs");
  return nullptr;
}

Status Daemon::open_state() {
  std::string path = settings_.state_folder;
  if (path.empty()) {
    passing_state_.emplace(EnvironmentFolder::beside(*folder_));
    Result<std::string> made = passing_state_->tmp();
    LEMU_TRY(made);
    path = *made + "/state";
  }
  Result<StateFolder> state = StateFolder::open(path);
  LEMU_TRY(state);
  state_.emplace(std::move(*state));
  return {};
}

Status Daemon::add_functions() {
  for (DaemonFunction& function : settings_.functions) LEMU_TRY(add(std::move(function)));
  return {};
}

/// With none that can run there is nothing to serve.
Status Daemon::take_defect(ServedFunction& function, const std::string& origin, const Error& defect) {
  const bool all = ++broken_ == settings_.functions.size();
  if (settings_.broken == DaemonSettings::Broken::refused || all || !is_of_function_alone(defect))
    return fail(Error(defect).within(origin));
  std::string words = origin + ": " + defect.message + "; it answers Runtime.InvalidEntrypoint";
  if (!defect.remedy.empty()) words += " (" + defect.remedy + ")";
  log_.write(DaemonLog::Level::warning, words);
  function.serve_defect(defect);
  return {};
}

Status Daemon::add(DaemonFunction function) {
  const std::string name = function.setup.function.config.name;
  std::shared_ptr<LogFiles> files;
  if (!settings_.log_folder.empty()) {
    const std::string& group = function.setup.function.config.log_group;
    if (Status made = make_private_folders(settings_.log_folder + folder_of_group(group)); !made)
      return fail(std::move(made.error()).within("--log-dir"));
    files = std::make_shared<LogFiles>(settings_.log_folder, group);
  }
  auto served = std::make_unique<ServedFunction>(context_, host_, std::move(function.setup), function.serving,
                                                 account_, ids_, EnvironmentFolder::beside(*folder_),
                                                 std::make_shared<FunctionLog>(std::move(files)), log_);
  if (const Status prepared = served->prepare(); !prepared)
    LEMU_TRY(take_defect(*served, function.origin, prepared.error()));
  served->pool().prewarm(function.serving.prewarm);
  functions_.add(std::move(served));
  return {};
}

void Daemon::take_stop_request(const http::Reply& reply) {
  stop_replies_.push_back(reply);
  stop_asked_();
}

void Daemon::drain(std::function<void()> drained) {
  api_->stop_taking();
  server_->drain();  // answers what is not whole
  control_server_->drain();
  events_->stop();
  look_whether_drained(std::move(drained), std::chrono::steady_clock::now() + settings_.drain_timeout);
}

bool Daemon::runs_something() const {
  if (events_->in_flight() > 0) return true;
  for (const auto& [name, function] : functions_.all())
    if (function->pool().in_flight() + function->pool().count().busy > 0) return true;
  return false;
}

bool Daemon::drained() {
  if (runs_something()) return false;
  std::size_t not_waited_for = stop_replies_.size();
  for (const auto& [name, function] : functions_.all()) {
    function->log()->finish();
    not_waited_for += function->log()->watcher_count();  // those that do not read
  }
  return server_->unanswered_count() == 0 && control_server_->unanswered_count() <= not_waited_for;
}

void Daemon::look_whether_drained(std::function<void()> done,
                                  std::chrono::steady_clock::time_point deadline) {
  if (drained() || std::chrono::steady_clock::now() >= deadline) return done();
  drain_timer_.expires_after(kDrainStep);
  drain_timer_.async_wait(
      [this, done = std::move(done), deadline](const boost::system::error_code& code) mutable {
        if (!code) look_whether_drained(std::move(done), deadline);
      });
}

}  // namespace lemu::emulator
