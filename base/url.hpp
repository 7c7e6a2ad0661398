// SPDX-License-Identifier: Apache-2.0
// The text of URLs: percent-encoding and queries (RFC 3986; application/x-www-form-urlencoded for queries).
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lemu {

/// "a%2Fb" → "a/b"; nothing when a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// All but unreserved characters as %XX (RFC 3986, 2.3): a segment of a path.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// The first value of that name in "a=1&b=2", decoded ('+' is a space); empty when there is none or it is
/// malformed.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

}  // namespace lemu
