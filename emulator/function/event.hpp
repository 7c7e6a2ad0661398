// SPDX-License-Identifier: Apache-2.0
// The event of an invocation: where the user keeps it, and what Lambda's Invoke would take. Blocking; any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lemu::emulator {

/// "AWS Lambda quotas": a synchronous request.
inline constexpr std::size_t kEventLimit = 6'291'456;
/// Invoke takes up to 3,583 bytes of base64, which is this many of JSON.
inline constexpr std::size_t kClientContextLimit = 2'687;

/// At most one of the two; neither means `{}`.
struct EventSource {
  std::optional<std::string> file = {};  ///< a path, or "-" for standard input
  std::optional<std::string> data = {};  ///< the JSON itself
};

/// The event's bytes, exactly as they were given. bad_input, naming the source, when it cannot be read, is
/// empty, is larger than Lambda takes, or is not JSON in UTF-8 (with line and column). `stdin_fd` is read for
/// "-".
[[nodiscard]] Result<std::string> read_event(const EventSource& source, int stdin_fd);

/// `name` stands in front of the message: "event.json", "--data". Deep nesting costs one bit a level, no
/// stack.
[[nodiscard]] Status check_json(std::string_view bytes, std::string_view name);

/// A JSON object within Invoke's limit.
[[nodiscard]] Status check_client_context(std::string_view json);

}  // namespace lemu::emulator
