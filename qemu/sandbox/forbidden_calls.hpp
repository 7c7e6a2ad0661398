// SPDX-License-Identifier: Apache-2.0
// ForbiddenCall: a system call that no function can use on Lambda and that is closed to it here, with its
// number in each ABI of the hosts and the reason. Constants; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace lemu::sandbox {

/// How a program calls the kernel. Each ABI has numbers of its own. x32 has none here: all of it is closed.
enum class Abi : std::uint8_t { x86_64, i386, arm64, arm };
inline constexpr std::size_t kAbis = 4;

/// A call that an ABI does not have.
inline constexpr std::int16_t kNoCall = -1;

/// The number of one call in each ABI, in the order of the enumeration.
using CallNumbers = std::array<std::int16_t, kAbis>;

struct ForbiddenCall {
  std::string_view name;
  CallNumbers numbers;
};

struct ForbiddenGroup {
  std::string_view reason;
  std::span<const ForbiddenCall> calls;
};

[[nodiscard]] std::span<const ForbiddenGroup> forbidden_groups();

// Calls that stay open, and that the filter looks at.
inline constexpr CallNumbers kIoctl{16, 54, 29, 54};
inline constexpr CallNumbers kSysinfo{99, 116, 179, 116};

[[nodiscard]] constexpr std::int16_t number_in(const CallNumbers& numbers, Abi abi) {
  return numbers[static_cast<std::size_t>(abi)];
}

}  // namespace lemu::sandbox
