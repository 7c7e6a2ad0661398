// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/memory_watch.hpp"

#include <utility>

#include "emulator/environment/memory_looks.hpp"
#include "qemu/guest_memory.hpp"

namespace lemu::emulator {
class MemoryWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using Clock = MemoryLooks::Clock;
  using Look = qemu::MemoryMeter::Look;

  Impl(boost::asio::io_context& context, EnvironmentHost& host, Function function,
       std::function<void()> exceeded)
      : timer_(context),
        host_(host),
        function_(std::move(function)),
        exceeded_(std::move(exceeded)),
        looks_(function_.limit) {}

  void watch_process(pid_t pid) {
    qemu::MemoryMeter::Options options;
    options.main = pid;
    options.helper = function_.helper;
    options.limit = function_.limit;
    options.proc = function_.proc;
    if (host_.environments == EnvironmentHost::Environments::many) options.table = &host_.processes;
    options.execution = emulated() ? qemu::Execution::emulated : qemu::Execution::native;
    meter_.emplace(options);
    looks_.restart();
    begin();
  }

  void forget_process() {
    rest();
    meter_.reset();
    looks_.restart();
  }

  void note_exit(std::uint64_t max_resident) {
    if (!meter_) return;
    meter_->note_exit(max_resident);
    check_now();
  }

  void begin() {
    if (watching_) return;
    watching_ = true;
    ++host_.watched;
    if (!timer_running_) poll_in(MemoryLooks::first_pause());
  }

  /// The timer is left running for the next invocation, which then costs no timer operation.
  void rest() {
    if (std::exchange(watching_, false)) --host_.watched;
  }

  void stop() {
    rest();
    timer_.cancel();
  }

  bool check_now() {
    if (!over_limit() && meter_ && looks_.worth_a_look(Clock::now())) look(due());
    return over_limit();
  }

  std::optional<MemoryFigure> figure() {
    if (!meter_) return std::nullopt;
    // Natively a look tells the same; one was taken a moment ago if it was worth it.
    const bool known = !emulated() && looks_.fresh(Clock::now());
    const Result<qemu::MemoryFigure> peak = meter_->peak(known ? Look::none : due());
    if (!peak) {
      absent_ = peak.error().message;
      return std::nullopt;
    }
    MemoryFigure figure;
    figure.bytes = peak->bytes;
    switch (peak->how) {
      case qemu::Obtained::exact:
        figure.method = MemoryMethod::exact;
        figure.source = "the kernel's high-water mark of resident memory (VmHWM)";
        break;
      case qemu::Obtained::sampled:
        figure.method = MemoryMethod::sampled;
        figure.source = "resident memory of all processes, polled";
        break;
      case qemu::Obtained::sampled_and_split:
        figure.method = MemoryMethod::sampled;
        figure.source = "resident memory less QEMU's own share, polled";
        break;
    }
    return figure;
  }

  [[nodiscard]] bool over_limit() const { return looks_.over(); }

  std::string absent_ = "the runtime process never ran";

 private:
  [[nodiscard]] bool emulated() const { return function_.guest == LogReader::Guest::emulated; }

  [[nodiscard]] Look due() const {
    const auto processes =
        meter_->saw_several() ? MemoryLooks::Processes::several : MemoryLooks::Processes::one;
    const bool all = looks_.due(Clock::now(), processes, host_.watched) == MemoryLooks::Reach::all_processes;
    return all ? Look::all_processes : Look::main_process;
  }

  void look(Look which) {
    MemoryLooks::Look look;
    look.reach =
        which == Look::main_process ? MemoryLooks::Reach::main_process : MemoryLooks::Reach::all_processes;
    look.begun = Clock::now();
    if (Result<std::uint64_t> use = meter_->at_most(which)) look.use = *use;
    if (look.use && *look.use > function_.limit)
      if (const Result<qemu::MemoryFigure> peak = meter_->peak()) look.use = peak->bytes;
    look.ended = Clock::now();
    looks_.looked(look);
    if (over_limit()) exceeded_();
  }

  void poll_in(Clock::duration interval) {
    timer_running_ = true;
    timer_.expires_after(interval);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& code) {
      const std::shared_ptr<Impl> self = weak.lock();
      if (!self || code) return;
      self->timer_running_ = false;
      if (self->watching_) self->poll();
    });
  }

  void poll() {
    if (!meter_ || over_limit()) return;
    take_share();
    look(Look::all_and_files);
    if (!over_limit()) poll_in(looks_.next_pause(host_.watched));
  }

  /// QEMU's share is taken while there is a process to take it from, for one that ends without a word; and
  /// again now and then, as a function can change it.
  void take_share() {
    if (!emulated() || !looks_.take_share(Clock::now())) return;
    meter_->doubt();
    static_cast<void>(meter_->peak(Look::main_process));
  }

  boost::asio::steady_timer timer_;
  EnvironmentHost& host_;
  const Function function_;
  const std::function<void()> exceeded_;
  std::optional<qemu::MemoryMeter> meter_;
  MemoryLooks looks_;
  bool watching_ = false;
  bool timer_running_ = false;
};

MemoryWatch::MemoryWatch(boost::asio::io_context& context, EnvironmentHost& host, Function function,
                         std::function<void()> exceeded)
    : impl_(std::make_shared<Impl>(context, host, std::move(function), std::move(exceeded))) {}
MemoryWatch::~MemoryWatch() { impl_->stop(); }
void MemoryWatch::watch_process(pid_t pid) { impl_->watch_process(pid); }
void MemoryWatch::forget_process() { impl_->forget_process(); }
void MemoryWatch::note_exit(std::uint64_t max_resident) { impl_->note_exit(max_resident); }
void MemoryWatch::begin() { impl_->begin(); }
void MemoryWatch::rest() { impl_->rest(); }
bool MemoryWatch::check_now() { return impl_->check_now(); }
bool MemoryWatch::over_limit() const { return impl_->over_limit(); }
std::optional<MemoryFigure> MemoryWatch::figure() { return impl_->figure(); }
std::string MemoryWatch::why_absent() const { return impl_->absent_; }

}  // namespace lemu::emulator
