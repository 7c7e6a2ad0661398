// SPDX-License-Identifier: Apache-2.0
#include "qemu/mount_table.hpp"

#include <doctest/doctest.h>

using namespace lemu::qemu;

TEST_CASE("mountinfo: optional fields, escapes, and what is no line") {
  const std::vector<MountPoint> table = parse_mountinfo(
      "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
      "36 35 98:0 /a\\040b /mnt\\0112 rw shared:1 master:2 - ext3 /dev/root rw,errors=continue\n"
      "too short\n"
      "\n"
      "40 27 0:40 / /proc rw - proc proc");
  REQUIRE(table.size() == 3);
  CHECK(table[0].place == "/sys");
  CHECK(table[0].type == "sysfs");
  CHECK(table[1].root == "/a b");
  CHECK(table[1].place == "/mnt\t2");
  CHECK(table[1].type == "ext3");
  CHECK(table[1].super_options == "rw,errors=continue");
  CHECK(table[2].place == "/proc");
  CHECK(table[2].super_options.empty());
}
