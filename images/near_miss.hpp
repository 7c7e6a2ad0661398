// SPDX-License-Identifier: Apache-2.0
// Why a package has no bootstrap: what stands there instead, and how to put it right. Pure but for reading
// names; the walk is bounded.
#pragma once

#include <string>

#include "images/bootstrap.hpp"

namespace lemu::images {

struct NearMiss {
  std::string message;
  std::string remedy;
};

/// For a package whose top holds nothing named `bootstrap`.
[[nodiscard]] NearMiss explain_missing_bootstrap(const BootstrapSearch& search);

}  // namespace lemu::images
