// SPDX-License-Identifier: Apache-2.0
// Program: the file a function starts with, told apart before anything is run: an ELF program or a script.
// Every other kind of file is an error that says what it is, in lemu's words and in Lambda's. A plain value.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/arch.hpp"
#include "base/result.hpp"
#include "qemu/elf.hpp"
#include "qemu/script.hpp"

namespace lemu::qemu {

/// Where a function finds its bootstrap, and what Lambda's error messages call it.
inline constexpr std::string_view kBootstrapPath = "/var/task/bootstrap";

/// What messages call a program.
struct ProgramNames {
  std::string seen_as = std::string(kBootstrapPath);  ///< by the function, and in Lambda's own words
  std::string told_as = {};      ///< "bootstrap in 'function.zip'"; empty: its path, which the user can find
  std::string remedied_as = {};  ///< the file that a remedy's command names; empty: its path
};

struct Program {
  std::string path;  ///< on this machine
  ProgramNames names;
  std::variant<ElfInfo, ScriptLine> content;

  [[nodiscard]] const ElfInfo* elf() const { return std::get_if<ElfInfo>(&content); }
  [[nodiscard]] const ScriptLine* script() const { return std::get_if<ScriptLine>(&content); }
};

/// Looks at the file's kind, mode and first bytes; follows symbolic links. Errors are invalid_entrypoint,
/// with aws_message as Lambda words it: "fork/exec /var/task/bootstrap: exec format error".
Result<Program> inspect_program(const std::string& path, ProgramNames names = {});

/// Fails when an ELF program is for another architecture than `wanted`, naming both. A script passes: what
/// counts is its interpreter.
Status check_arch(const Program& program, Arch wanted);

/// The commands that build a program for an architecture: the remedy of many errors here.
[[nodiscard]] std::string build_hint(Arch arch);

}  // namespace lemu::qemu
