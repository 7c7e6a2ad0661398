// SPDX-License-Identifier: Apache-2.0
// ConcurrencyLimit: how many invocations may be in flight together, and who waits for that, in one order: of
// a function with reserved concurrency, or of all functions without. Owned by the pool or the account; lives
// on the io_context's thread.
#pragma once

#include <cstdint>
#include <map>

namespace lemu::emulator {

class ConcurrencyLimit {
 public:
  /// Numbers those that wait, in their order.
  using Ticket = std::uint64_t;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// Who waits by this ticket is in flight from now on.
    virtual void on_turn(Ticket ticket) = 0;
  };

  explicit ConcurrencyLimit(std::uint32_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  void lower_capacity(std::uint32_t by) { capacity_ -= by < capacity_ ? by : capacity_; }

  /// Counts one more; false where there is no room. Nobody waits while there is, so that nobody is passed.
  bool enter() {
    if (in_flight_ >= capacity_) return false;
    ++in_flight_;
    return true;
  }
  /// Counts one less: the first that waits has its turn before this returns.
  void leave() {
    --in_flight_;
    if (!waiting_.empty()) give_turns();
  }
  /// After enter() was refused. The waiter outlives its ticket.
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
  /// Of the functions that reserve none.
  [[nodiscard]] ConcurrencyLimit& unreserved() { return unreserved_; }

 private:
  ConcurrencyLimit unreserved_;
};

}  // namespace lemu::emulator
