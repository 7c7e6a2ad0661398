// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/stillness.hpp"

#include <signal.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/syscall.hpp"
#include "qemu/sandbox/process_tree.hpp"

namespace lemu::emulator {
namespace {

// Invocations that follow each other closely are not to pay for more than a signal.
constexpr std::chrono::milliseconds kMoment{10};
constexpr int kLooksForTheSignal = 10;
// A look at a stopped function costs some 100 µs.
constexpr std::chrono::milliseconds kSeldom{100};
constexpr std::size_t kMostText = 64 * 1024;

/// Whether it could do something: it is neither stopped nor ended; see proc_pid_stat(5).
bool runs(pid_t pid) {
  const Result<std::string> text = read_file("/proc/" + std::to_string(pid) + "/stat", kMostText);
  if (!text) return false;
  const std::size_t state = text->rfind(')') + 2;
  return state < text->size() && std::string_view("TtZXx").find((*text)[state]) == std::string_view::npos;
}

}  // namespace

class Stillness::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& context, sandbox::Sandbox& sandbox, pid_t helper,
       std::optional<qemu::Freezer> freezer)
      : timer_(context), sandbox_(sandbox), helper_(helper), freezer_(std::move(freezer)) {}

  void begin() {
    resting_ = true;
    looks_ = 0;
    sandbox_.signal_all(SIGSTOP);
    look_in(kMoment);
  }

  void end() {
    resting_ = false;
    if (std::exchange(frozen_, false)) static_cast<void>(freezer_->thaw());
    sandbox_.signal_all(SIGCONT);
  }

  void stop() {
    resting_ = false;
    timer_.cancel();
  }

 private:
  /// The timer is left running when an invocation comes, which then costs no timer operation.
  void look_in(std::chrono::milliseconds interval) {
    if (timer_running_) return;
    timer_running_ = true;
    timer_.expires_after(interval);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& code) {
      const std::shared_ptr<Impl> self = weak.lock();
      if (!self || code) return;
      self->timer_running_ = false;
      if (self->resting_) self->look();
    });
  }

  void look() {
    const std::vector<pid_t> processes = sandbox::descendants(helper_);
    const bool awake = std::any_of(processes.begin(), processes.end(), runs);
    if (awake) sandbox_.signal_all(SIGSTOP);
    // What is stopped stays so when it is frozen, but the signal may take its time.
    if (awake && ++looks_ < kLooksForTheSignal) return look_in(kMoment);
    if (freezer_ && !frozen_) frozen_ = freezer_->freeze();
    if (frozen_ && freezer_->holds(processes)) return;
    look_in(awake ? kMoment : kSeldom);
  }

  boost::asio::steady_timer timer_;
  sandbox::Sandbox& sandbox_;
  const pid_t helper_;
  const std::optional<qemu::Freezer> freezer_;
  bool resting_ = false;
  bool frozen_ = false;
  bool timer_running_ = false;
  int looks_ = 0;  ///< at processes that were not stopped, since begin()
};

Stillness::Stillness(boost::asio::io_context& context, sandbox::Sandbox& sandbox, pid_t helper,
                     std::optional<qemu::Freezer> freezer)
    : impl_(std::make_shared<Impl>(context, sandbox, helper, std::move(freezer))) {}
Stillness::~Stillness() { impl_->stop(); }
void Stillness::begin() { impl_->begin(); }
void Stillness::end() { impl_->end(); }

}  // namespace lemu::emulator
