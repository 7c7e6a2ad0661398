// SPDX-License-Identifier: Apache-2.0
// The part of Connection that waits until there is room for what it receives (BodyBudget).
#include <boost/asio/post.hpp>
#include <utility>

#include "base/http/connection.hpp"

namespace lemu::http {
namespace {

// What is not parsed yet may have that size without room of its own.
constexpr std::size_t kSmallHead = std::size_t{16} << 10;

}  // namespace

/// Nothing is read on while a body has to wait for its room, and the deadline goes on.
void Connection::look_for_room() {
  if (request_.end != BodyEnd::complete) request_.room = {};
  const std::size_t needed = parser_->room_needed();
  if (needed == 0 || request_.room.bytes() > 0) return;
  request_.room = bodies_->take(needed, *this);
  if (request_.room.bytes() == 0) waits_in_ = bodies_.get();
}

/// Likewise for what is large and could not be parsed yet. Who has this room may wait for a body's, but not
/// the other way round, so nobody waits for ever.
void Connection::look_for_head_room() {
  if (unread() <= kSmallHead || head_room_.bytes() > 0) return;
  head_room_ = heads_->take(limits_.header_bytes, *this);
  if (head_room_.bytes() == 0) waits_in_ = heads_.get();
}

/// Not on from here: whose room it was may be in the middle of something.
void Connection::on_room(BodyRoom room) {
  const bool of_body = std::exchange(waits_in_, nullptr) == bodies_.get();
  (of_body ? request_.room : head_room_) = std::move(room);
  if (of_body) {
    deadline_.reset();
    set_deadline(limits_.body_deadline);
  }
  boost::asio::post(socket_.get_executor(), [self = shared_from_this(), serial = serial_] {
    if (self->phase_ != Phase::receiving || self->serial_ != serial) return;
    self->process();
    self->read();
  });
}

void Connection::wait_no_longer() {
  if (BodyBudget* const where = std::exchange(waits_in_, nullptr)) where->leave(*this);
}

/// Of a request that the handler has seen, when it was large: nobody looks at it any more.
void Connection::forget_head() {
  if (head_room_.bytes() == 0) return;
  request_.drop_text();
  head_room_ = {};
}

}  // namespace lemu::http
