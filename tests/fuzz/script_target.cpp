// SPDX-License-Identifier: Apache-2.0
// The #! line: what is read names an interpreter as the kernel would take it, and reads the same when it is
// written out again.
#include "qemu/script.hpp"

#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::qemu;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view head = fuzz::text_of(data, size);
  const Result<ScriptLine> script = parse_script(head, "bootstrap");
  if (!script) {
    LEMU_HOLDS(script.error().kind == ErrorKind::invalid_entrypoint);
    LEMU_HOLDS(!script.error().message.empty() && !script.error().aws_message.empty());
    return 0;
  }
  LEMU_HOLDS(looks_like_script(head));
  LEMU_HOLDS(!script->interpreter.empty());
  LEMU_HOLDS(script->interpreter.find_first_of(std::string_view(" \t\n\0", 4)) == std::string::npos);
  LEMU_HOLDS(script->argument.find_first_of(std::string_view("\n\0", 2)) == std::string::npos);
  LEMU_HOLDS(script->interpreter.size() + script->argument.size() < kExecHeadSize);
  // What stands behind the kernel's buffer changes nothing.
  const Result<ScriptLine> seen = parse_script(head.substr(0, kExecHeadSize), "bootstrap");
  LEMU_HOLDS(seen && seen->interpreter == script->interpreter && seen->argument == script->argument);

  std::string written = "#!" + script->interpreter;
  if (!script->argument.empty()) written += " " + script->argument;
  written += '\n';
  const Result<ScriptLine> again = parse_script(written, "bootstrap");
  LEMU_HOLDS(again && again->interpreter == script->interpreter && again->argument == script->argument);
  return 0;
}
