// SPDX-License-Identifier: Apache-2.0
// Text from outside (names in packages, words of runtimes, answers of daemons) made fit to be shown: it can
// neither drive a terminal nor read differently from what it is. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace lemu {

/// The text with each byte that must not reach a terminal written as \xNN: control characters (C0, DEL, C1),
/// what is not UTF-8, what turns the direction of text or breaks lines, and what is invisible. Text that is
/// printable already stays as it is, so that doing it twice does no harm.
[[nodiscard]] std::string printable(std::string_view text);

/// The same for a text of several lines: line feeds and tabs stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// The same for JSON: written as \uNNNN, which inside its strings is the same character. What is not UTF-8
/// becomes \ufffd.
[[nodiscard]] std::string printable_json(std::string_view text);

/// A path or another word as a shell takes it: as it is where it is plain, else in quotes; in $'…' (bash,
/// zsh, ksh) where it holds what is not printable. One that begins with '-' gets "./" in front, so that no
/// command takes it for an option.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace lemu
