// SPDX-License-Identifier: Apache-2.0
// ScriptLine: the interpreter a script's first line names, read as the kernel's binfmt_script reads it. A
// plain value; the parser is pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lemu::qemu {

/// How much of a file the kernel looks at to tell what it is (BINPRM_BUF_SIZE of linux/binfmts.h).
inline constexpr std::size_t kExecHeadSize = 256;

struct ScriptLine {
  std::string interpreter;  ///< as written after "#!"
  std::string argument;     ///< all the rest of the line, one argument; empty when there is none
};

[[nodiscard]] bool looks_like_script(std::string_view head);

/// Parses the first kExecHeadSize bytes (or fewer) of a file that begins with "#!". Fails
/// (invalid_entrypoint) where the kernel would refuse or, for a line that ends in CR LF, look for a program
/// whose name ends in a carriage return. The message has no path; `path` stands in the remedy only.
Result<ScriptLine> parse_script(std::string_view head, std::string_view path);

}  // namespace lemu::qemu
