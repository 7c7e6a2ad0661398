// SPDX-License-Identifier: Apache-2.0
// Emulator choice: which QEMU runs a function of the other architecture, as which CPU, and what the host's
// binfmt_misc has for it. A part of preparation: fills the PreparedFunction. Reads files, and runs QEMU where
// only that tells. Blocking.
#pragma once

#include "base/result.hpp"
#include "emulator/environment/preparation.hpp"

namespace lemu::emulator {

/// Fills the request's emulator and CPU for its architecture. host_lacks where there is no QEMU for it;
/// bad_usage for a CPU that it does not know.
Status find_emulator(const FunctionSetup& setup, PreparedFunction& prepared);

/// Fills what the plan needs of binfmt_misc: the private registration's line, and the host's own one.
Status look_at_binfmt(const LaunchOptions& options, PreparedFunction& prepared);

}  // namespace lemu::emulator
