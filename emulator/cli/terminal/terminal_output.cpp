// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/terminal/terminal_output.hpp"

#include <unistd.h>

#include <utility>

#include "base/printable.hpp"
#include "emulator/cli/terminal/errors.hpp"

namespace lemu::emulator::cli {

void TerminalOutput::write_error_stream(std::string_view bytes) {
  if (bytes.empty()) return;
  err_.write(bytes);  // a stderr that is closed or full is no reason to lose the response
  at_line_start_ = bytes.back() == '\n';
}

void TerminalOutput::function_output(std::string_view bytes) { write_error_stream(bytes); }

void TerminalOutput::platform_line(std::string_view line) {
  if (verbosity_ == Verbosity::quiet || lines_ == PlatformLines::left_out) return;
  if (!at_line_start_) write_error_stream("\n");
  write_error_stream(line);
}

void TerminalOutput::detail(std::string_view text) {
  if (verbosity_ != Verbosity::verbose) return;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  own_lines(printable_lines(text));
}

void TerminalOutput::note(const std::string& text) {
  if (verbosity_ != Verbosity::quiet) line("note: " + text);
}

void TerminalOutput::warning(const std::string& text) { line("note: " + text); }

void TerminalOutput::report(std::string_view lines) {
  if (!lines.empty() && !at_line_start_) write_error_stream("\n");
  write_error_stream(lines);
}

void TerminalOutput::line(std::string_view text) { own_lines(printable(text)); }

void TerminalOutput::own_lines(const std::string& text) {
  if (!at_line_start_) write_error_stream("\n");
  write_error_stream("lemu: " + text + "\n");
}

void TerminalOutput::error(const Error& error) {
  line("error: " + error.message);
  if (!error.remedy.empty()) line("  try: " + error.remedy);
  if (!error.slug.empty()) detail("  see: docs/errors.md#" + std::string(error.slug));
}

void TerminalOutput::part_of_answer(std::string_view bytes) {
  if (!bytes.empty()) last_of_answer_ = bytes.back();
  out_.write(bytes);
}

void TerminalOutput::answer(std::string_view payload, Ending ending) {
  part_of_answer(payload);
  const char last = std::exchange(last_of_answer_, '\0');
  if (ending == Ending::newline || (::isatty(out_fd_) == 1 && last != '\n')) out_.write("\n");
}

Status TerminalOutput::answers() const {
  if (out_.failure() == 0) return {};
  return fail_errno<"response-not-written">(out_.failure());
}

boost::asio::awaitable<void> TerminalOutput::taken() {
  co_await out_.taken();
  co_await err_.taken();
}

void TerminalOutput::flush() {
  out_.flush();
  err_.flush();
}

}  // namespace lemu::emulator::cli
