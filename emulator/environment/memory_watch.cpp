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
// Looks at many processes are costly: they are given a tenth of the time at most.
constexpr int kRestAfterALook = 10;
// Memory is zeroed before a process gets it, at the speed of the machine's memory: 32 GB/s is beyond what the
// processors that a function has can do.
constexpr std::uint64_t kFastestGrowth = 32 * 1024;  // bytes in a microsecond

}  // namespace

class MemoryWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using Clock = std::chrono::steady_clock;

  Impl(boost::asio::io_context& context, pid_t helper, LogReader::Guest guest, std::uint64_t limit,
       std::function<void()> exceeded)
      : timer_(context), helper_(helper), guest_(guest), limit_(limit), exceeded_(std::move(exceeded)) {}

  void watch_process(pid_t pid) {
    qemu::MemoryMeter::Options options;
    options.main = pid;
    options.helper = helper_;
    options.limit = limit_;
    options.execution =
        guest_ == LogReader::Guest::emulated ? qemu::Execution::emulated : qemu::Execution::native;
    meter_.emplace(options);
    over_ = false;
    headroom_ = 0;
    first_poll_ = true;
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
    poll_in(kCalm);
  }

  void rest() {
    watching_ = false;
    timer_.cancel();
  }

  bool check_now() {
    if (!over_ && meter_ && worth_a_look()) look();
    return over_;
  }

  std::optional<MemoryFigure> figure() {
    if (!meter_) return std::nullopt;
    using Look = qemu::MemoryMeter::Look;
    const bool seen_lately = Clock::now() - looked_at_ < kCalm && !meter_->saw_several();
    const Result<qemu::MemoryFigure> peak =
        meter_->peak(seen_lately ? Look::main_process : Look::all_processes);
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
  /// Whether enough time has passed since the last look for the function to have gone over its limit, or for
  /// children to have come and gone. So short invocations that follow each other closely are not looked at
  /// one by one, and none that goes over the limit is missed.
  [[nodiscard]] bool worth_a_look() const {
    const auto passed = Clock::now() - looked_at_;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
    return passed >= kCalm || static_cast<std::uint64_t>(us) * kFastestGrowth >= headroom_;
  }

  void look() {
    looked_at_ = Clock::now();
    Result<std::uint64_t> use = meter_->at_most();
    if (use && *use > limit_) {
      const Result<qemu::MemoryFigure> peak = meter_->peak();
      if (peak) *use = peak->bytes;
    }
    headroom_ = use && *use < limit_ ? limit_ - *use : 0;
    cost_ = Clock::now() - looked_at_;
    over_ = use && *use > limit_;
    if (over_) exceeded_();
  }

  void poll_in(Clock::duration interval) {
    timer_.expires_after(interval);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& code) {
      if (!code && self->watching_) self->poll();
    });
  }

  void poll() {
    if (!meter_ || over_) return;
    // QEMU's share is taken while there is a process to take it from, for one that ends without a word.
    if (std::exchange(first_poll_, false) && guest_ == LogReader::Guest::emulated)
      static_cast<void>(meter_->peak(qemu::MemoryMeter::Look::main_process));
    look();
    if (over_) return;
    const std::chrono::milliseconds interval = headroom_ < limit_ / 2 ? kNearTheLimit : kCalm;
    poll_in(std::max<Clock::duration>(interval, kRestAfterALook * cost_));
  }

  boost::asio::steady_timer timer_;
  pid_t helper_;
  LogReader::Guest guest_;
  std::uint64_t limit_;
  std::function<void()> exceeded_;
  std::optional<qemu::MemoryMeter> meter_;
  Clock::time_point looked_at_;
  Clock::duration cost_{};      ///< of that look
  std::uint64_t headroom_ = 0;  ///< bytes up to the limit at that look
  bool watching_ = false;
  bool first_poll_ = true;
};

MemoryWatch::MemoryWatch(boost::asio::io_context& context, pid_t helper, LogReader::Guest guest,
                         std::uint64_t limit, std::function<void()> exceeded)
    : impl_(std::make_shared<Impl>(context, helper, guest, limit, std::move(exceeded))) {}
MemoryWatch::~MemoryWatch() { impl_->rest(); }
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
