// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/package_names.hpp"

#include <doctest/doctest.h>

using namespace lemu;
using emulator::PackageNames;

TEST_CASE("a program in a zip is named by its place there, any other by its path in the sandbox") {
  const PackageNames files("/home/me/f", PackageNames::Packed::as_files);
  CHECK(files.of("/var/task/bootstrap", "bootstrap").seen_as == "/var/task/bootstrap");
  CHECK(files.of("/var/task/bootstrap", "bootstrap").told_as.empty());

  const PackageNames zip("/home/me/f.zip", PackageNames::Packed::in_zip);
  CHECK(zip.of("/var/task/bin/run", "bin/run").seen_as == "/var/task/bin/run");
  CHECK(zip.of("/var/task/bin/run", "bin/run").told_as == "bin/run in '/home/me/f.zip'");
}

TEST_CASE("a remedy for a file of a zip includes making the zip again") {
  const Error error{ErrorKind::bad_input, "it has no execute bit", "chmod +x bootstrap"};
  CHECK(PackageNames("f", PackageNames::Packed::as_files).explain(error).remedy == "chmod +x bootstrap");
  CHECK(PackageNames("f.zip", PackageNames::Packed::in_zip).explain(error).remedy ==
        "chmod +x bootstrap; then make the zip again");
  const Error without{ErrorKind::bad_input, "it is empty"};
  CHECK(PackageNames("f.zip", PackageNames::Packed::in_zip).explain(without).remedy.empty());
}
