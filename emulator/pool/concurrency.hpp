// SPDX-License-Identifier: Apache-2.0
// ConcurrencyLimit says how many invocations may be in flight together, and keeps the queue of those that
// wait. One limit is for a function with reserved concurrency; another is for all functions without. Owned by
// the pool or the account. Lives on the io_context's thread.
#pragma once

#include <cstdint>
#include <map>

namespace lemu::emulator {

class ConcurrencyLimit {
 public:
  /// The number of a waiter. Waiters get their turns in this order.
  using Ticket = std::uint64_t;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// The waiter with this ticket counts as in flight from now on.
    virtual void on_turn(Ticket ticket) = 0;
  };

  explicit ConcurrencyLimit(std::uint32_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  void lower_capacity(std::uint32_t by) { capacity_ -= by < capacity_ ? by : capacity_; }

  /// Counts one more, or returns false if the limit is reached. While there is room nobody waits, so nobody
  /// is overtaken.
  bool enter() {
    if (in_flight_ >= capacity_) return false;
    ++in_flight_;
    return true;
  }
  /// Counts one less. The first waiter gets its turn before this returns.
  void leave() {
    --in_flight_;
    if (!waiting_.empty()) give_turns();
  }
  /// To be called after enter() returned false. The waiter must outlive its ticket.
  Ticket wait(Waiter& waiter);
  void cancel(Ticket ticket) { waiting_.erase(ticket); }

 private:
  void give_turns();

  std::uint32_t capacity_;
  std::uint32_t in_flight_ = 0;
  Ticket next_ = 0;
  std::map<Ticket, Waiter*> waiting_;
};

/// What all functions of an account share.
class AccountConcurrency {
 public:
  static constexpr std::uint32_t kLimit = 1000;  ///< "AWS Lambda quotas": concurrent executions
  /// "Configuring reserved concurrency": what Lambda keeps for the functions that reserve none.
  static constexpr std::uint32_t kLeastUnreserved = 100;

  explicit AccountConcurrency(std::uint32_t limit = kLimit) : unreserved_(limit) {}
  /// Sets concurrency aside for one function.
  void reserve(std::uint32_t count) { unreserved_.lower_capacity(count); }
  /// The limit of all functions without reserved concurrency.
  [[nodiscard]] ConcurrencyLimit& unreserved() { return unreserved_; }

 private:
  ConcurrencyLimit unreserved_;
};

}  // namespace lemu::emulator
