// SPDX-License-Identifier: Apache-2.0
// EnvironmentLookup: one variable of the environment lemu itself was started in, by name. A parameter
// wherever it is needed, so that tests give their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lemu::emulator {

using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Looks into this process's environ; call only while no other thread changes it.
[[nodiscard]] EnvironmentLookup process_environment();

}  // namespace lemu::emulator
