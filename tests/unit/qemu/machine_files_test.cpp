// SPDX-License-Identifier: Apache-2.0
#include "qemu/machine_files.hpp"

#include <doctest/doctest.h>

using namespace lemu::qemu;

TEST_CASE("the memory file is laid out as the kernel's") {
  const std::string text = memory_file(192ULL << 20);
  CHECK(text.starts_with(
      "MemTotal:         196608 kB\nMemFree:          196608 kB\nMemAvailable:     196608 kB\n"));
  CHECK(text.find("\nSwapTotal:             0 kB\n") != std::string::npos);
  CHECK(memory_file(10240ULL << 20).starts_with("MemTotal:       10485760 kB\n"));
}

TEST_CASE("each processor is one of Graviton2's") {
  const std::string text = graviton_processors_file(2);
  CHECK(text.starts_with("processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd "));
  CHECK(text.find("\n\nprocessor\t: 1\n") != std::string::npos);
  CHECK(
      text.ends_with("CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n"
                     "CPU revision\t: 1\n\n"));
  CHECK(text.find("processor\t: 2") == std::string::npos);
}
