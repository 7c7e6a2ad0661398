// SPDX-License-Identifier: Apache-2.0
// How the values of options are read: each function makes the callback of an OptionSpec that checks a value
// and stores it. The variable must outlive the parsing. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/arch.hpp"
#include "base/result.hpp"

namespace lemu::emulator::cli {

using Take = std::function<Status(const std::string&)>;

/// Any text but an empty one.
[[nodiscard]] Take take_text(std::string& into);
[[nodiscard]] Take take_text(std::optional<std::string>& into);
/// Any text but an empty one, each time the option is given.
[[nodiscard]] Take take_another(std::vector<std::string>& into);
/// A host's name, each time the option is given.
[[nodiscard]] Take take_host_name(std::vector<std::string>& into);
/// Also the empty text.
[[nodiscard]] Take take_any_text(std::optional<std::string>& into);
/// A duration; a bare number counts seconds.
[[nodiscard]] Take take_seconds(std::optional<std::chrono::milliseconds>& into);
/// Any duration; a bare number counts seconds.
[[nodiscard]] Take take_time(std::chrono::nanoseconds& into);
[[nodiscard]] Take take_time(std::chrono::milliseconds& into);
/// A duration of at least a millisecond: what is to come within it could not, were it zero.
[[nodiscard]] Take take_time_limit(std::chrono::milliseconds& into);
/// A size from 1 byte to `most`; a bare number counts bytes.
[[nodiscard]] Take take_bytes(std::size_t& into, std::size_t most);
/// A size that is a whole number of MB (MiB); a bare number counts MB.
[[nodiscard]] Take take_megabytes(std::optional<std::uint64_t>& into);
/// A whole number from `least` to `most`.
[[nodiscard]] Take take_count(std::uint32_t& into, std::uint32_t most, std::uint32_t least = 1);
/// A number above 0 and up to `most`.
[[nodiscard]] Take take_factor(std::optional<double>& into, double most);
[[nodiscard]] Take take_arch(std::optional<Arch>& into);

/// "'maybe' is none of auto, on, off".
[[nodiscard]] tl::unexpected<Error> none_of(const std::string& value, const std::vector<std::string>& words);

/// "" and "true", or "false".
[[nodiscard]] Result<bool> switched_on(const std::string& value);

/// Of an option without a value: what its presence means.
template <class Choice>
[[nodiscard]] Take take_flag(Choice& into, Choice meant) {
  return [&into, meant](const std::string&) -> Status {
    into = meant;
    return {};
  };
}

/// Likewise, where it can also be said of one function, or in a file: "true" or "false".
template <class Choice>
[[nodiscard]] Take take_switch(Choice& into, Choice on, Choice off) {
  return [&into, on, off](const std::string& value) -> Status {
    const Result<bool> said = switched_on(value);
    LEMU_TRY(said);
    into = *said ? on : off;
    return {};
  };
}

template <class Choice>
[[nodiscard]] Take take_choice(Choice& into, std::vector<std::pair<std::string, Choice>> choices) {
  return [&into, choices = std::move(choices)](const std::string& value) -> Status {
    std::vector<std::string> words;
    for (const auto& [word, choice] : choices) {
      if (word == value) {
        into = choice;
        return {};
      }
      words.push_back(word);
    }
    return none_of(value, words);
  };
}

}  // namespace lemu::emulator::cli
