// SPDX-License-Identifier: Apache-2.0
#include "base/http/body_budget.hpp"

#include <utility>

namespace lemu::http {

BodyRoom::BodyRoom(BodyRoom&& other) noexcept
    : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}

BodyRoom& BodyRoom::operator=(BodyRoom&& other) noexcept {
  BodyRoom before(std::move(*this));
  budget_ = std::move(other.budget_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void BodyRoom::shrink_to(std::size_t bytes) {
  if (bytes >= bytes_) return;
  const std::size_t spare = bytes_ - bytes;
  bytes_ = bytes;
  const std::shared_ptr<BodyBudget> budget = budget_;
  if (bytes_ == 0) budget_.reset();
  budget->give_back(spare);
}

BodyRoom BodyBudget::room(std::size_t bytes) {
  used_ += bytes;
  return BodyRoom(shared_from_this(), bytes);
}

BodyRoom BodyBudget::take(std::size_t bytes, RoomWaiter& waiter) {
  if (waiting_.empty() && fits(bytes)) return room(bytes);
  waiting_.push_back({&waiter, bytes});
  return {};
}

void BodyBudget::leave(const RoomWaiter& waiter) {
  std::erase_if(waiting_, [&waiter](const Waiting& one) { return one.waiter == &waiter; });
  serve();
}

void BodyBudget::give_back(std::size_t bytes) {
  used_ -= bytes;
  serve();
}

/// Nobody overtakes: who needs much would wait for ever.
void BodyBudget::serve() {
  while (!waiting_.empty() && fits(waiting_.front().bytes)) {
    const Waiting first = waiting_.front();
    waiting_.pop_front();
    first.waiter->on_room(room(first.bytes));
  }
}

}  // namespace lemu::http
