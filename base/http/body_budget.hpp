// SPDX-License-Identifier: Apache-2.0
// BodyBudget: how much memory the bodies of requests may take, over all connections of a server. Who is about
// to receive a body takes room for all of it first, or waits in line: were room taken piece by piece, bodies
// that are half there could fill it and wait for each other for ever. Shared by a server and the rooms it
// gave; one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

namespace lemu::http {

class BodyBudget;

/// The room of one body: kept as long as its memory is, by whoever has it. Given back by its end.
class BodyRoom {
 public:
  BodyRoom() = default;
  BodyRoom(BodyRoom&& other) noexcept;
  BodyRoom& operator=(BodyRoom&& other) noexcept;
  ~BodyRoom() { shrink_to(0); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Gives back what is over `bytes`.
  void shrink_to(std::size_t bytes);

 private:
  friend class BodyBudget;
  BodyRoom(std::shared_ptr<BodyBudget> budget, std::size_t bytes)
      : budget_(std::move(budget)), bytes_(bytes) {}

  std::shared_ptr<BodyBudget> budget_;
  std::size_t bytes_ = 0;
};

/// Who may have to wait for room.
class RoomWaiter {
 public:
  virtual ~RoomWaiter() = default;
  /// Called from inside the end of another room: to be kept, and acted upon later.
  virtual void on_room(BodyRoom room) = 0;
};

class BodyBudget : public std::enable_shared_from_this<BodyBudget> {
 public:
  /// A body of more than that gets its room when no other has any.
  explicit BodyBudget(std::size_t most) : most_(most) {}

  /// Room for that many bytes, at least one; an empty room when `waiter` has to wait for it, first come,
  /// first served.
  [[nodiscard]] BodyRoom take(std::size_t bytes, RoomWaiter& waiter);
  /// Waits no longer. To be called before a waiter's end.
  void leave(const RoomWaiter& waiter);

  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  friend class BodyRoom;
  struct Waiting {
    RoomWaiter* waiter;
    std::size_t bytes;
  };
  [[nodiscard]] bool fits(std::size_t bytes) const {
    return used_ == 0 || (used_ <= most_ && bytes <= most_ - used_);
  }
  [[nodiscard]] BodyRoom room(std::size_t bytes);
  void give_back(std::size_t bytes);
  void serve();

  const std::size_t most_;
  std::size_t used_ = 0;
  std::deque<Waiting> waiting_;
};

}  // namespace lemu::http
