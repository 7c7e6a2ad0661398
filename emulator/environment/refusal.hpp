// SPDX-License-Identifier: Apache-2.0
// What a refusal of the operating system is called: for lemu's user, and in Lambda's own words. Pure.
#pragma once

#include <string>

#include "base/result.hpp"
#include "qemu/sandbox/spec.hpp"

namespace lemu::emulator {

/// As Go's syscall.Errno words it, and so Lambda: "exec format error".
[[nodiscard]] std::string go_error_text(int code);

/// host_lacks for a step of the sandbox that was refused; names the step and, for a mount, its place.
[[nodiscard]] Error refusal(const sandbox::Report& report, const sandbox::SandboxSpec& spec);

}  // namespace lemu::emulator
