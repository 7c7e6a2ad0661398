// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/limits.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace lemu::sandbox {

StepResult apply_limits(const std::vector<ResourceLimit>& limits) {
  for (const ResourceLimit& limit : limits) {
    const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
    rlimit now{};
    if (::getrlimit(resource, &now) < 0)
      return failed_at(Stage::limits, static_cast<std::uint32_t>(limit.resource));
    rlimit wished{};
    wished.rlim_max = std::min<rlim_t>(limit.hard, now.rlim_max);
    wished.rlim_cur = std::min<rlim_t>(limit.soft, wished.rlim_max);
    if (::setrlimit(resource, &wished) < 0)
      return failed_at(Stage::limits, static_cast<std::uint32_t>(limit.resource));
  }
  return done();
}

}  // namespace lemu::sandbox
