// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/memory_looks.hpp"

#include <algorithm>

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

void MemoryLooks::restart() {
  over_ = false;
  headroom_ = 0;
  share_again_ = {};
}

bool MemoryLooks::worth_a_look(Time now) const {
  const Duration passed = now - looked_at_;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
  return passed >= kCalm || static_cast<std::uint64_t>(us) * kFastestGrowth >= headroom_;
}

bool MemoryLooks::fresh(Time now) const { return now - looked_at_ < kMoment; }

MemoryLooks::Reach MemoryLooks::due(Time now, Processes processes, std::size_t watched) const {
  const bool all = processes == Processes::several ||
                   now - looked_at_all_ >= std::max<Duration>(kCalm, pause_after_all(watched));
  return all ? Reach::all_processes : Reach::main_process;
}

void MemoryLooks::looked(const Look& look) {
  looked_at_ = look.begun;
  if (look.reach == Reach::all_processes) {
    looked_at_all_ = look.begun;
    cost_ = look.ended - look.begun;
  }
  headroom_ = look.use && *look.use < limit_ ? limit_ - *look.use : 0;
  over_ = look.use && *look.use > limit_;
}

MemoryLooks::Duration MemoryLooks::first_pause() { return kCalm; }

MemoryLooks::Duration MemoryLooks::next_pause(std::size_t watched) const {
  const std::chrono::milliseconds interval = headroom_ < limit_ / 2 ? kNearTheLimit : kCalm;
  return std::max<Duration>(interval, pause_after_all(watched));
}

/// How long looks at everything are to be apart.
MemoryLooks::Duration MemoryLooks::pause_after_all(std::size_t watched) const {
  return kRestAfterALook * static_cast<Duration::rep>(std::max<std::size_t>(watched, 1)) * cost_;
}

bool MemoryLooks::take_share(Time now) {
  if (now < share_again_) return false;
  share_again_ = now + kShareHolds;
  return true;
}

}  // namespace lemu::emulator
