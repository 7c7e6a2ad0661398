// SPDX-License-Identifier: Apache-2.0
// LogSink: where a function's output and the platform's own lines go, in the order in which they are written.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lemu::emulator {

class LogSink {
 public:
  virtual ~LogSink() = default;
  /// What the function wrote, in pieces of any size, byte for byte.
  virtual void function_output(std::string_view bytes) = 0;
  /// A whole line of the platform (START, END, REPORT), newline included: stands on a line of its own.
  virtual void platform_line(std::string_view line) = 0;
  /// What lemu itself found worth saying only to who asked for more (-v): QEMU's own words, for instance.
  virtual void detail(std::string_view text) = 0;
  /// What the function does wrong and the user should know; a sentence. Those of one `kind` say the same.
  virtual void misuse(const std::string& kind, const std::string& text) = 0;
  /// Calls `then` when whoever reads the lines has taken all of them; within this call when that is so
  /// already. A function that writes faster than that is to wait.
  virtual void when_taken(std::function<void()> then) = 0;
};

}  // namespace lemu::emulator
