// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/shared_objects.hpp"

#include <cstdio>

#include "qemu/sandbox/proc.hpp"

namespace lemu::sandbox {
void limit_shared_objects(std::uint64_t shared_memory) {
  constexpr std::uint64_t kPage = 4096;
  char pages[32];
  std::snprintf(pages, sizeof pages, "%llu", static_cast<unsigned long long>(shared_memory / kPage));
  static_cast<void>(write_proc("sys/kernel/shmall", pages));
  // 32,000 semaphores of 64 bytes and 128 queues of 16 KB: see proc_sys_kernel(5). The present defaults add
  // up to terabytes.
  static_cast<void>(write_proc("sys/kernel/sem", "250 32000 32 128"));
  static_cast<void>(write_proc("sys/kernel/msgmni", "128"));
}

}  // namespace lemu::sandbox
