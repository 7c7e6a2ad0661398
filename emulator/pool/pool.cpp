// SPDX-License-Identifier: Apache-2.0
#include "emulator/pool/pool.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "base/rethrow.hpp"

namespace lemu::emulator {
namespace asio = boost::asio;

namespace {

// How long a runtime that has answered is given to ask for its next event before a new environment is made
// beside it; normally it takes microseconds.
constexpr std::chrono::milliseconds kMoment{50};

}  // namespace

EnvironmentPool::EnvironmentPool(asio::io_context& context, EnvironmentMaker& maker,
                                 AccountConcurrency& account, PoolSettings settings, Now now)
    : context_(context),
      maker_(maker),
      settings_(settings),
      reserved_(settings.reserved.value_or(0)),
      limit_(settings.reserved ? reserved_ : account.unreserved()),
      now_(std::move(now)),
      timer_(context),
      waiting_timer_(context) {
  account.reserve(settings_.reserved.value_or(0));
}

EnvironmentPool::~EnvironmentPool() {
  for (const auto& [ticket, task] : queue_) limit_.cancel(ticket);
  for (const auto& [ticket, call] : turns_) limit_.cancel(ticket);
}

bool EnvironmentPool::enter() {
  if (!limit_.enter()) return false;
  ++in_flight_;
  return true;
}

void EnvironmentPool::leave() {
  --in_flight_;
  limit_.leave();
}

/// Where nothing may ever run, nobody is kept waiting for it.
bool EnvironmentPool::queues() const {
  return settings_.when_busy == PoolSettings::WhenBusy::queue && limit_.capacity() > 0;
}

EnvironmentPool::Admission EnvironmentPool::submit(PoolTask task) {
  if (enter()) {
    place(std::move(task));
    return Admission::accepted;
  }
  if (!queues() || queue_.size() >= settings_.queue_limit) {
    ++throttles_;
    return settings_.reserved ? Admission::function_limit : Admission::account_limit;
  }
  queue_.emplace(limit_.wait(*this), std::move(task));
  return Admission::accepted;
}

void EnvironmentPool::on_turn(ConcurrencyLimit::Ticket ticket) {
  ++in_flight_;
  if (const auto queued = queue_.extract(ticket))
    place(std::move(queued.mapped()));
  else
    turns_.extract(ticket).mapped()();
}

std::shared_ptr<InvocationClient> EnvironmentPool::withdraw(const http::Reply& reply) {
  for (auto& [ticket, task] : queue_) {
    if (!task.client->answers_to(reply)) continue;
    limit_.cancel(ticket);
    return queue_.extract(ticket).mapped().client;
  }
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (!at->task.client->answers_to(reply)) continue;
    std::shared_ptr<InvocationClient> client = std::move(at->task.client);
    waiting_.erase(at);
    leave();
    return client;
  }
  return nullptr;
}

void EnvironmentPool::wait_for_turn(std::function<void()> has_turn) {
  turns_.emplace(limit_.wait(*this), std::move(has_turn));
}

void EnvironmentPool::count_throttle() {
  if (!queues()) ++throttles_;
}

/// One that is in flight gets its environment. While one is idle nobody waits, so that nobody is passed.
void EnvironmentPool::place(PoolTask task) {
  if (Slot* slot = idle_slot())
    run_on(*slot, std::move(task));
  else if (answered_ + warming_ > waiting_.size())
    wait_for_answered(std::move(task));
  else
    run_on(new_slot(), std::move(task));
}

/// The caller has its answer. The first that waited for that is in flight in its place.
void EnvironmentPool::answered(Slot& slot) {
  slot.state = Slot::State::answered;
  ++answered_;
  leave();
}

void EnvironmentPool::wait_for_answered(PoolTask task) {
  waiting_.push_back({std::move(task), now_()});
  look_after_waiting_at(now_() + kMoment);
}

PoolTask EnvironmentPool::take_waiting() {
  PoolTask task = std::move(waiting_.front().task);
  waiting_.pop_front();
  return task;
}

/// As expire_at(): left running when what waited was taken meanwhile.
void EnvironmentPool::look_after_waiting_at(Clock::time_point when) {
  if (waiting_timer_running_) return;
  waiting_timer_running_ = true;
  waiting_timer_.expires_at(when);
  waiting_timer_.async_wait([this](const boost::system::error_code& code) {
    if (code) return;
    waiting_timer_running_ = false;
    look_after_waiting();
  });
}

/// Those whose moment is over get an environment of their own, but for as many as are made ahead; unless the
/// function has all that it may have: then each of those takes the next of them when its runtime comes back,
/// or ends.
void EnvironmentPool::look_after_waiting() {
  while (waiting_.size() > warming_) {
    const Clock::time_point over = waiting_.front().since + kMoment;
    if (over > now_()) return look_after_waiting_at(over);
    if (settings_.reserved && slots_in_use() >= *settings_.reserved) return;
    run_on(new_slot(), take_waiting());
  }
}

void EnvironmentPool::run_on(Slot& slot, PoolTask task) {
  if (slot.state == Slot::State::idle) slot.state = Slot::State::busy;
  asio::co_spawn(context_, serve(slot, std::move(task)), rethrow);
}

EnvironmentPool::Slot& EnvironmentPool::new_slot() {
  slots_.emplace_back();
  Slot& slot = slots_.back();
  slot.self = std::prev(slots_.end());
  slot.born = now_();
  return slot;
}

EnvironmentPool::Slot* EnvironmentPool::idle_slot() {
  Slot* slot = nullptr;
  while (slot == nullptr && !idle_.empty()) {
    slot = idle_.back();
    idle_.pop_back();
    if (slot->environment->lost()) retire(*std::exchange(slot, nullptr));
  }
  if (slot == nullptr) return nullptr;
  if (settings_.rest == Rest::frozen) slot->environment->thaw();
  return slot;
}

void EnvironmentPool::prewarm(std::uint32_t count) {
  count = std::min(count, limit_.capacity());
  for (std::uint32_t i = 0; i < count; ++i) {
    ++warming_;
    asio::co_spawn(context_, warm_up(new_slot()), rethrow);
  }
}

asio::awaitable<Status> EnvironmentPool::make(Slot& slot) {
  Result<std::unique_ptr<PooledEnvironment>> made = co_await maker_.make();
  LEMU_CO_TRY(made);
  slot.environment = std::move(*made);
  slot.used = false;
  slot.state = Slot::State::busy;
  co_return Status{};
}

asio::awaitable<void> EnvironmentPool::warm_up(Slot& slot) {
  const Status made = co_await make(slot);
  --warming_;
  if (!made) {
    retire(slot);  // the first invocation tries again, and tells its caller why not
    look_after_waiting();
  } else if (waiting_.empty()) {
    rest(slot);
  } else {
    co_await serve(slot, take_waiting());
  }
}

/// One task after another while there are any.
asio::awaitable<void> EnvironmentPool::serve(Slot& slot, PoolTask task) {
  while (true) {
    if (!slot.environment) {
      ++cold_starts_;
      const Status made = co_await make(slot);
      if (!made) {
        task.client->failed(made.error());
        answered(slot);
      }
    }
    if (slot.environment) {
      slot.used = true;
      InvocationClient& client = *task.client;
      const InvocationRecord record = co_await slot.environment->invoke(
          std::move(task.invocation), [this, &client, &slot](Answer answer) {
            client.answered(std::move(answer));
            answered(slot);
          });
      client.completed(record, slot.environment->take_tail());
    }
    task.client.reset();
    --answered_;
    slot.state = slot.environment ? Slot::State::busy : Slot::State::starting;
    if (waiting_.empty()) break;
    if (slot.environment && !reusable(slot)) maker_.end(std::move(slot.environment));
    task = take_waiting();
  }
  if (slot.environment)
    rest(slot);
  else
    retire(slot);
}

bool EnvironmentPool::reusable(const Slot& slot) const {
  const bool may_serve = settings_.reuse == PoolSettings::Reuse::warm || !slot.used;
  return may_serve && !slot.environment->lost();
}

void EnvironmentPool::rest(Slot& slot) {
  slot.idle_since = now_();
  const bool too_old = slot.idle_since - slot.born >= settings_.max_age;
  if (!reusable(slot) || too_old) {
    retire(slot);
    return;
  }
  slot.state = Slot::State::idle;
  if (settings_.rest == Rest::frozen) slot.environment->freeze();
  idle_.push_back(&slot);
  expire_at(expiry_of(slot));
}

void EnvironmentPool::retire(Slot& slot) {
  if (slot.environment) maker_.end(std::move(slot.environment));
  slots_.erase(slot.self);
}

EnvironmentPool::Clock::time_point EnvironmentPool::expiry_of(const Slot& slot) const {
  return std::min(slot.idle_since + settings_.idle_timeout, slot.born + settings_.max_age);
}

void EnvironmentPool::expire() {
  const Clock::time_point now = now_();
  std::vector<Slot*> kept;
  for (Slot* slot : std::exchange(idle_, {})) {
    if (expiry_of(*slot) <= now)
      retire(*slot);
    else
      kept.push_back(slot);
  }
  idle_ = std::move(kept);
  for (const Slot* slot : idle_) expire_at(expiry_of(*slot));
}

/// The timer is left running when an idle environment is used, and looks again when it fires: a warm
/// invocation costs no timer operation.
void EnvironmentPool::expire_at(Clock::time_point when) {
  if (timer_running_ && timer_.expiry() <= when) return;
  timer_running_ = true;
  timer_.expires_at(when);
  timer_.async_wait([this](const boost::system::error_code& code) {
    if (code) return;
    timer_running_ = false;
    expire();
  });
}

EnvironmentPool::Count EnvironmentPool::count() const {
  Count count;
  for (const Slot& slot : slots_) switch (slot.state) {
      case Slot::State::starting: ++count.starting; break;
      case Slot::State::busy:
      case Slot::State::answered: ++count.busy; break;
      case Slot::State::idle: ++count.idle; break;
    }
  count.queued = queue_.size() + waiting_.size();
  return count;
}

}  // namespace lemu::emulator
