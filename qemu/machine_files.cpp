// SPDX-License-Identifier: Apache-2.0
#include "qemu/machine_files.hpp"

namespace lemu::qemu {
namespace {

// As c_show() of arch/arm64/kernel/cpuinfo.c writes a core of an AWS Graviton2: r3p1 of Arm's part 0xd0c, its
// timer at 121.875 MHz.
constexpr char kNeoverseN1[] =
    "BogoMIPS\t: 243.75\n"
    "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
    "asimddp ssbs\n"
    "CPU implementer\t: 0x41\n"
    "CPU architecture: 8\n"
    "CPU variant\t: 0x3\n"
    "CPU part\t: 0xd0c\n"
    "CPU revision\t: 1\n"
    "\n";

/// "MemTotal:         131072 kB", as show_val_kb() of fs/proc/meminfo.c.
std::string line(std::string name, std::uint64_t kilobytes) {
  constexpr std::size_t kNameWidth = 16;
  constexpr std::size_t kNumberWidth = 8;
  name.append(":").resize(kNameWidth, ' ');
  const std::string number = std::to_string(kilobytes);
  if (number.size() < kNumberWidth) name.append(kNumberWidth - number.size(), ' ');
  return name + number + " kB\n";
}

}  // namespace

std::string memory_file(std::uint64_t bytes) {
  const std::uint64_t total = bytes / 1024;
  std::string text = line("MemTotal", total) + line("MemFree", total) + line("MemAvailable", total);
  // Whoever adds these up (free(1), agents) must find them.
  for (const char* name : {"Buffers", "Cached", "SwapCached", "Active", "Inactive", "SwapTotal", "SwapFree",
                           "Shmem", "Slab", "SReclaimable"})
    text += line(name, 0);
  return text;
}

std::string graviton_processors_file(unsigned processors) {
  std::string text;
  for (unsigned i = 0; i < processors; ++i) text += "processor\t: " + std::to_string(i) + "\n" + kNeoverseN1;
  return text;
}

}  // namespace lemu::qemu
