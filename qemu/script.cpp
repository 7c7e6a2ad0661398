// SPDX-License-Identifier: Apache-2.0
// Follows load_script() of Linux's fs/binfmt_script.c.
#include "qemu/script.hpp"

#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kTerminators{" \t\0", 3};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

bool looks_like_script(std::string_view head) { return head.starts_with("#!"); }

Result<ScriptLine> parse_script(std::string_view head, std::string_view path) {
  if (!looks_like_script(head)) return fail<"script-not-one">();
  std::string_view seen = head.substr(0, kExecHeadSize);
  // The kernel's buffer is padded with NUL, and its search for the end of the line stops at one.
  const bool padded = seen.size() < kExecHeadSize;
  const std::size_t line_end = seen.find_first_of(std::string_view("\n\0", 2));
  std::string_view line = seen.substr(2);
  if (line_end != std::string_view::npos) {
    line = seen.substr(2, line_end - 2);
  } else if (!padded) {
    // No end in sight: the argument may be cut, the interpreter's name may not.
    const std::size_t name = line.find_first_not_of(kBlanks);
    if (name != std::string_view::npos && line.find_first_of(kTerminators, name) == std::string_view::npos)
      return fail<"script-line-too-long">();
    line.remove_suffix(1);
  }
  line = trimmed(line);
  if (line.empty() || line == "\r") return fail<"script-names-no-interpreter">();
  if (line.ends_with('\r')) return fail<"script-windows-line-ending">(at<"path">(path));
  const std::size_t separator = line.find_first_of(kBlanks);
  ScriptLine script;
  script.interpreter = line.substr(0, separator);
  if (separator != std::string_view::npos) script.argument = trimmed(line.substr(separator));
  return script;
}

}  // namespace lemu::qemu
