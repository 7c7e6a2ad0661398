// SPDX-License-Identifier: Apache-2.0
// The program at the end of a timed launch: tells CLOCK_MONOTONIC, in nanoseconds, when it starts to run.
#include <stdio.h>
#include <time.h>

int main(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("%lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
  return 0;
}
