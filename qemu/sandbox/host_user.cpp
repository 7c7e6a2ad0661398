// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/host_user.hpp"

#include <unistd.h>

#include <cstdio>

namespace lemu::sandbox {
namespace {

struct IdRange {
  unsigned inside = 0;
  unsigned outside = 0;
  unsigned size = 0;

  [[nodiscard]] bool holds(std::uint32_t id) const { return id >= inside && id - inside < size; }
};

}  // namespace

bool is_root_in_name_only(std::uint32_t function_id) {
  std::FILE* file = std::fopen("/proc/self/uid_map", "re");
  if (file == nullptr) return false;
  bool in_name_only = false;
  bool function_mapped = false;
  IdRange range;
  while (std::fscanf(file, "%u %u %u", &range.inside, &range.outside, &range.size) == 3) {
    if (range.holds(0)) in_name_only = range.outside != 0;
    function_mapped = function_mapped || range.holds(function_id);
  }
  std::fclose(file);
  return in_name_only && !function_mapped;
}

uid_t host_user_of(const SandboxSpec& spec) {
  const uid_t own = ::geteuid();
  const bool has_other =
      spec.isolation == Isolation::namespaces && own == 0 && !is_root_in_name_only(spec.host_uid);
  return has_other ? spec.host_uid : own;
}

}  // namespace lemu::sandbox
