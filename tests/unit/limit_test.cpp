// SPDX-License-Identifier: Apache-2.0
// The subject is doctest_main.cpp: the program must end and name this case.
#include <doctest/doctest.h>
#include <unistd.h>

TEST_CASE("a case that hangs") {
  for (;;) pause();
}
