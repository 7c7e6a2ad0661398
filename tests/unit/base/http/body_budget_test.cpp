// SPDX-License-Identifier: Apache-2.0
#include "base/http/body_budget.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace lemu::http;

namespace {

struct Waiter : RoomWaiter {
  std::optional<BodyRoom> room;
  void on_room(BodyRoom given) override { room = std::move(given); }
};

}  // namespace

TEST_CASE("room is given while there is some, and given back by its end") {
  const auto budget = std::make_shared<BodyBudget>(100);
  Waiter nobody;
  {
    const BodyRoom first = budget->take(60, nobody);
    BodyRoom second = budget->take(40, nobody);
    CHECK(first.bytes() == 60);
    CHECK(second.bytes() == 40);
    CHECK(budget->used() == 100);
    second.shrink_to(50);
    CHECK(budget->used() == 100);
    second.shrink_to(10);
    CHECK(budget->used() == 70);
    BodyRoom third = std::move(second);
    CHECK(second.bytes() == 0);
    CHECK(budget->used() == 70);
    third = {};
    CHECK(budget->used() == 60);
  }
  CHECK(budget->used() == 0);
}

TEST_CASE("who finds no room gets it in turn, and nobody overtakes") {
  const auto budget = std::make_shared<BodyBudget>(100);
  Waiter large, small, nobody;
  BodyRoom all = budget->take(90, nobody);
  CHECK(budget->take(50, large).bytes() == 0);
  CHECK(budget->take(10, small).bytes() == 0);  // there would be room for it
  all.shrink_to(51);
  CHECK_FALSE(large.room);
  CHECK_FALSE(small.room);
  all.shrink_to(50);
  REQUIRE(large.room);
  CHECK(large.room->bytes() == 50);
  CHECK_FALSE(small.room);
  all = {};
  REQUIRE(small.room);
  CHECK(budget->used() == 60);
}

TEST_CASE("one that waits no longer makes way for those behind it") {
  const auto budget = std::make_shared<BodyBudget>(100);
  Waiter large, small, nobody;
  const BodyRoom some = budget->take(60, nobody);
  CHECK(budget->take(50, large).bytes() == 0);
  CHECK(budget->take(40, small).bytes() == 0);
  budget->leave(large);
  CHECK_FALSE(large.room);
  REQUIRE(small.room);
  CHECK(budget->used() == 100);
}

TEST_CASE("a body that is larger than all room gets it when it is alone") {
  const auto budget = std::make_shared<BodyBudget>(100);
  Waiter large, next, nobody;
  std::optional<BodyRoom> some = budget->take(1, nobody);
  CHECK(budget->take(1000, large).bytes() == 0);
  some.reset();
  REQUIRE(large.room);
  CHECK(budget->take(1, next).bytes() == 0);
  large.room.reset();
  CHECK(next.room);
}

TEST_CASE("a room outlives its budget's owner") {
  auto budget = std::make_shared<BodyBudget>(100);
  Waiter nobody;
  BodyRoom room = budget->take(10, nobody);
  budget.reset();
  CHECK(room.bytes() == 10);
  room = {};
  CHECK(room.bytes() == 0);
}
