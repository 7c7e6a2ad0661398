// SPDX-License-Identifier: Apache-2.0
// Base64 with the standard alphabet and padding (RFC 4648, 4). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lemu {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Nothing for a letter outside the alphabet or a length that cannot be; padding may be left out.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace lemu
