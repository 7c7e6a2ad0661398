// SPDX-License-Identifier: Apache-2.0
#include "emulator/pool/concurrency.hpp"

namespace lemu::emulator {

ConcurrencyLimit::Ticket ConcurrencyLimit::wait(Waiter& waiter) {
  waiting_.emplace(next_, &waiter);
  return next_++;
}

/// One whose turn ends at once comes back here: it finds what is left.
void ConcurrencyLimit::give_turns() {
  while (!waiting_.empty() && enter()) {
    const auto first = waiting_.extract(waiting_.begin());
    first.mapped()->on_turn(first.key());
  }
}

}  // namespace lemu::emulator
