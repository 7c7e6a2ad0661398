// SPDX-License-Identifier: Apache-2.0
#include "base/words.hpp"

#include <doctest/doctest.h>

using namespace lemu;

TEST_CASE("words are the same whatever their capital letters, ASCII's only") {
  struct Row {
    const char* a;
    const char* b;
    bool same;
  };
  constexpr Row kRows[] = {
      {"", "", true},
      {"Host", "hOST", true},
      {"AZ", "az", true},
      {"Host", "Hos", false},
      {"host", "post", false},
      {"@[", "`{", false},
      {"\xc3\x84", "\xc3\xa4", false},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.a);
    CHECK(same_word(row.a, row.b) == row.same);
    CHECK(same_word(row.b, row.a) == row.same);
    CHECK((in_small_letters(row.a) == in_small_letters(row.b)) == row.same);
  }
  CHECK(in_small_letters("X-Amz-1") == "x-amz-1");
}
