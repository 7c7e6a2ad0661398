// SPDX-License-Identifier: Apache-2.0
// Why a package has no bootstrap: what stands there instead, and how to put it right. Pure but for reading
// names; the walk is bounded.
#pragma once

#include <string>

#include "images/bootstrap.hpp"

namespace lemu::images {

/// The package as messages name it: "the zip 'function.zip'".
[[nodiscard]] std::string package_name(const BootstrapSearch& search);
/// For a package whose top holds nothing named `bootstrap`.
[[nodiscard]] tl::unexpected<Error> explain_missing_bootstrap(const BootstrapSearch& search);

}  // namespace lemu::images
