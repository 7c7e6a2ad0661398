// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/memory_watch.hpp"

#include <algorithm>
#include <utility>

#include "qemu/guest_memory.hpp"

namespace lemu::emulator {
namespace {

// Between two looks a function can take what it likes: at 2 ms that came to 2–7 MB, at 50 ms to 16–45 MB. A
// look costs some 100 µs, so it is taken often only where it matters.
constexpr std::chrono::milliseconds kCalm{10};
constexpr std::chrono::milliseconds kNearTheLimit{2};
constexpr std::chrono::microseconds kMoment{20};
// Looks at many processes, and of many environments, are costly: they are given a twentieth of the time at
// most.
constexpr int kRestAfterALook = 20;
// Taking QEMU's share anew costs a millisecond.
constexpr std::chrono::milliseconds kShareHolds{250};
// Memory is zeroed before a process gets it, at the speed of the machine's memory: 32 GB/s is beyond what the
// processors that a function has can do.
constexpr std::uint64_t kFastestGrowth = 32 * 1024;  // bytes in a microsecond

}  // namespace

class MemoryWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using Clock = std::chrono::steady_clock;
  using Look = qemu::MemoryMeter::Look;

  Impl(boost::asio::io_context& context, EnvironmentHost& host, pid_t helper, LogReader::Guest guest,
       std::uint64_t limit, std::function<void()> exceeded)
      : timer_(context),
        host_(host),
        helper_(helper),
        guest_(guest),
        limit_(limit),
        exceeded_(std::move(exceeded)) {}

  void watch_process(pid_t pid) {
    qemu::MemoryMeter::Options options;
    options.main = pid;
    options.helper = helper_;
    options.limit = limit_;
    if (host_.environments == EnvironmentHost::Environments::many) options.table = &host_.processes;
    options.execution =
        guest_ == LogReader::Guest::emulated ? qemu::Execution::emulated : qemu::Execution::native;
    meter_.emplace(options);
    over_ = false;
    headroom_ = 0;
    share_again_ = {};
    begin();
  }

  void forget_process() {
    rest();
    meter_.reset();
    over_ = false;
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
    if (!timer_running_) poll_in(kCalm);
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
    if (!over_ && meter_ && worth_a_look()) look(due());
    return over_;
  }

  std::optional<MemoryFigure> figure() {
    if (!meter_) return std::nullopt;
    // Natively a look tells the same; one was taken a moment ago if it was worth it.
    const bool known = guest_ == LogReader::Guest::native && Clock::now() - looked_at_ < kMoment;
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

  bool over_ = false;
  std::string absent_ = "the runtime process never ran";

 private:
  /// Children are looked for now and then; those that are known are always looked at.
  [[nodiscard]] Look due() const {
    const bool all =
        meter_->saw_several() || Clock::now() - looked_at_all_ >= std::max<Clock::duration>(kCalm, pause());
    return all ? Look::all_processes : Look::main_process;
  }

  /// How long looks at everything are to be apart.
  [[nodiscard]] Clock::duration pause() const {
    return kRestAfterALook * static_cast<Clock::rep>(std::max<std::size_t>(host_.watched, 1)) * cost_;
  }

  /// Whether enough time has passed since the last look for the function to have gone over its limit, or for
  /// children to have come and gone. So short invocations that follow each other closely are not looked at
  /// one by one, and none that goes over the limit is missed.
  [[nodiscard]] bool worth_a_look() const {
    const auto passed = Clock::now() - looked_at_;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
    return passed >= kCalm || static_cast<std::uint64_t>(us) * kFastestGrowth >= headroom_;
  }

  void look(Look which) {
    looked_at_ = Clock::now();
    const bool all = which == Look::all_processes || which == Look::all_and_files;
    if (all) looked_at_all_ = looked_at_;
    Result<std::uint64_t> use = meter_->at_most(which);
    if (use && *use > limit_) {
      const Result<qemu::MemoryFigure> peak = meter_->peak();
      if (peak) *use = peak->bytes;
    }
    headroom_ = use && *use < limit_ ? limit_ - *use : 0;
    if (all) cost_ = Clock::now() - looked_at_;
    over_ = use && *use > limit_;
    if (over_) exceeded_();
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
    if (!meter_ || over_) return;
    take_share();
    look(Look::all_and_files);
    if (over_) return;
    const std::chrono::milliseconds interval = headroom_ < limit_ / 2 ? kNearTheLimit : kCalm;
    poll_in(std::max<Clock::duration>(interval, pause()));
  }

  /// QEMU's share is taken while there is a process to take it from, for one that ends without a word; and
  /// again now and then, as a function can change it.
  void take_share() {
    const Clock::time_point now = Clock::now();
    if (guest_ != LogReader::Guest::emulated || now < share_again_) return;
    share_again_ = now + kShareHolds;
    meter_->doubt();
    static_cast<void>(meter_->peak(Look::main_process));
  }

  boost::asio::steady_timer timer_;
  EnvironmentHost& host_;
  pid_t helper_;
  LogReader::Guest guest_;
  std::uint64_t limit_;
  std::function<void()> exceeded_;
  std::optional<qemu::MemoryMeter> meter_;
  Clock::time_point looked_at_;
  Clock::time_point looked_at_all_;  ///< processes
  Clock::duration cost_{};           ///< of that look
  std::uint64_t headroom_ = 0;       ///< bytes up to the limit at that look
  bool watching_ = false;
  bool timer_running_ = false;
  Clock::time_point share_again_;  ///< QEMU's, may be taken
};

MemoryWatch::MemoryWatch(boost::asio::io_context& context, EnvironmentHost& host, pid_t helper,
                         LogReader::Guest guest, std::uint64_t limit, std::function<void()> exceeded)
    : impl_(std::make_shared<Impl>(context, host, helper, guest, limit, std::move(exceeded))) {}
MemoryWatch::~MemoryWatch() { impl_->stop(); }
void MemoryWatch::watch_process(pid_t pid) { impl_->watch_process(pid); }
void MemoryWatch::forget_process() { impl_->forget_process(); }
void MemoryWatch::note_exit(std::uint64_t max_resident) { impl_->note_exit(max_resident); }
void MemoryWatch::begin() { impl_->begin(); }
void MemoryWatch::rest() { impl_->rest(); }
bool MemoryWatch::check_now() { return impl_->check_now(); }
bool MemoryWatch::over_limit() const { return impl_->over_; }
std::optional<MemoryFigure> MemoryWatch::figure() { return impl_->figure(); }
std::string MemoryWatch::why_absent() const { return impl_->absent_; }

}  // namespace lemu::emulator
