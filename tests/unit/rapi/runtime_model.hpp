// SPDX-License-Identifier: Apache-2.0
// RuntimeModel: what the Runtime API must answer, computed without it: a few connections, their requests, one
// event, and the pure table (`after`) for what is legal. A plain value; tests only.
//
// At any time at most one connection has something to go on with, as a call that unblocks another
// connection's `next` leaves its own blocked or idle; so the order of what is told is determined.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rapi/runtime_state.hpp"

namespace lemu::rapi::test {

enum class Ask {
  next,
  response,
  error,
  bad_mode,
  large_response,
  large_error,
  init_error,
  ping,
  wrong_method,
  wrong_path
};

struct Call {
  Ask ask = Ask::next;
  std::string id = {};
  friend bool operator==(const Call&, const Call&) = default;
};

struct Expected {
  int status = 0;
  std::string body;  ///< of an event: its id
};

/// When the owner hands over a new event by itself.
enum class Policy { never, on_next, on_answer };

class RuntimeModel {
 public:
  static constexpr std::size_t kConnections = 3;
  static constexpr std::size_t kBodyLimit = 64;

  Policy policy = Policy::never;
  std::vector<std::string> told;                            ///< to the observer, since it was last cleared
  std::array<std::vector<Expected>, kConnections> answers;  ///< likewise, in order
  std::array<bool, kConnections> open{}, ended{};           ///< `ended`: by the server, after the answers
  [[nodiscard]] RuntimePhase phase() const { return phase_; }
  [[nodiscard]] bool may_dispatch() const { return !event_; }
  [[nodiscard]] std::string event_id() const { return event_.value_or(""); }
  [[nodiscard]] const std::string& latest_id() const { return latest_; }
  /// A body of which the beginning was sent.
  [[nodiscard]] bool in_body(std::size_t connection) const { return lines_[connection].begun.has_value(); }
  [[nodiscard]] bool blocked(std::size_t connection) const { return lines_[connection].blocked; }

  void send(std::size_t connection, const Call& call);
  void send_beginning(std::size_t connection, const Call& call);
  void send_rest(std::size_t connection);
  /// The runtime sends no more on this connection.
  void finish(std::size_t connection);

  void dispatch();
  void abandon();
  void restart();

 private:
  struct Line {
    std::deque<Call> ahead;  // sent, and not looked at: a `next` before them is not answered
    bool blocked = false;
    std::optional<Call> begun;
    std::optional<Expected> refusal;  // of the one begun
  };
  enum class End { complete, cut };

  void run(std::size_t connection);
  std::optional<Expected> head(const Call& call);
  void whole(std::size_t connection, const Call& call, const std::optional<Expected>& refusal, End end);
  void next(std::size_t connection);
  Expected answer(const Call& call, End end);
  Expected init_error(End end);
  std::optional<Expected> begin(const Call& call, RuntimeCall as);
  std::optional<Expected> enter(RuntimeCall as);
  void deliver();
  void tell(const std::string& what);

  RuntimePhase phase_ = RuntimePhase::started;
  std::optional<std::string> event_;  // dispatched, and neither answered nor abandoned
  std::string known_;                 // the id that a runtime may use: until it calls `next` again
  std::string latest_;
  int count_ = 0;
  std::deque<std::size_t> waiting_;
  std::array<Line, kConnections> lines_;
};

}  // namespace lemu::rapi::test
