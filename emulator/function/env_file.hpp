// SPDX-License-Identifier: Apache-2.0
// EnvironmentEntry: one variable as the user gave it, by `--env` or in an `--env-file`. Only the spelling is
// parsed here; what Lambda makes of the names is variables.hpp. Pure, except read_env_file; any thread.
//
// An env file holds one variable a line:
//
//     # a comment, also after a value, when a blank stands before the '#'
//     NAME=value                   the value runs to the end of the line; blanks at both ends are dropped
//     export NAME=value            as a shell would read it
//     NAME="a \"b\"\n$HOME"        double quotes: \n \r \t \" \\ \$ are escapes; any other backslash is an
//                                  error
//     NAME='a "b" \n'              single quotes: every character is itself
//     NAME=                        an empty value
//     NAME                         the value of your own environment, as `docker run --env-file` does; left
//                                  out when it has none
//
// Nothing is expanded: `$HOME` is five characters. Lines end with LF or CRLF; a UTF-8 byte order mark is
// skipped.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lemu::emulator {

/// The origin of what the option says.
inline constexpr std::string_view kEnvOption = "--env";

struct EnvironmentEntry {
  std::string name;
  std::optional<std::string> value;  ///< absent: to be taken from the user's own environment
  std::string origin;                ///< "--env", or "FILE:LINE"
};

/// Entries in the file's order; an error names `path` and the line.
[[nodiscard]] Result<std::vector<EnvironmentEntry>> parse_env_file(std::string_view text,
                                                                   std::string_view path);
/// A file of JSON, which begins with '{': the objects "Parameters" and, over it, the one named as the
/// function (what `sam local invoke --env-vars` reads), or one object of variables. Texts, numbers and
/// booleans are values.
[[nodiscard]] Result<std::vector<EnvironmentEntry>> parse_env_json(std::string_view text,
                                                                   const std::string& path,
                                                                   std::string_view function);
[[nodiscard]] Result<std::vector<EnvironmentEntry>> read_env_file(const std::string& path,
                                                                  std::string_view function);
/// `NAME=VALUE` with the value as it stands, or a bare `NAME`.
[[nodiscard]] Result<EnvironmentEntry> parse_env_option(std::string_view text);

}  // namespace lemu::emulator
