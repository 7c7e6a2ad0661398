// SPDX-License-Identifier: Apache-2.0
// How much lemu says of itself: -q, nothing, -v.
#pragma once

namespace lemu::emulator::cli {

enum class Verbosity { quiet, normal, verbose };

}  // namespace lemu::emulator::cli
