// SPDX-License-Identifier: Apache-2.0
// Sizes, durations and ports as a person writes and reads them: "512MB", "1.5s". Pure functions; any thread.
//
// Sizes: k, M, G and T are powers of 1024 in every spelling (512M = 512MB = 512MiB = 536,870,912 bytes),
// because the "MB" of Lambda's memory and storage settings are MiB. Capitals do not matter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lemu {

inline constexpr std::uint64_t kMiB = 1024 * 1024;

/// "3", "3s", "500ms", "1.5 s", "2m", "1h", "1m30s" (units: ns us ms s m min h). A number alone counts
/// `bare_unit`s. Parts below a nanosecond are dropped. Anything else is bad_usage that quotes the text.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(
    std::string_view text, std::chrono::nanoseconds bare_unit = std::chrono::seconds(1));

/// "128", "512MB", "1GiB", "64k", "1.5G", "100B", as bytes. A number alone counts `bare_unit`s of bytes.
/// Anything else, and what is not a whole number of bytes, is bad_usage that quotes the text.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t bare_unit = kMiB);

/// A TCP port, 0 to 65535, in decimal digits; nothing for any other text.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);

/// Exact, and read back by parse_duration: "1.5s", "250us", "1m30s", "-3s" (which is not read back).
[[nodiscard]] std::string print_duration(std::chrono::nanoseconds duration);

/// With the largest unit that leaves at least 1, to one decimal: "250MB", "1.5GB", "100B".
[[nodiscard]] std::string print_size(std::uint64_t bytes);

}  // namespace lemu
