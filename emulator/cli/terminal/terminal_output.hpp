// SPDX-License-Identifier: Apache-2.0
// TerminalOutput: lemu's two streams. Responses go to stdout, byte for byte; everything else goes to stderr.
// What a function writes is passed on byte for byte; lemu's own lines are made printable here, whatever names
// they hold.
// Owned by a command; one thread. With a context no write waits for who reads the stream (OutputStream).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "emulator/cli/terminal/output_stream.hpp"
#include "emulator/cli/terminal/verbosity.hpp"
#include "emulator/environment/session.hpp"

namespace lemu::emulator::cli {

class TerminalOutput : public SessionOutput {
 public:
  enum class PlatformLines { shown, left_out };
  TerminalOutput(int out, int err, Verbosity verbosity, PlatformLines lines = PlatformLines::shown,
                 boost::asio::io_context* context = nullptr)
      : out_fd_(out), out_(out, context), err_(err, context), verbosity_(verbosity), lines_(lines) {}

  void function_output(std::string_view bytes) override;
  void platform_line(std::string_view line) override;
  void detail(std::string_view text) override;
  void misuse(const std::string&, const std::string& text) override { note(text); }
  void when_taken(std::function<void()> then) override { err_.when_taken(std::move(then)); }
  void note(const std::string& text) override;
  void warning(const std::string& text) override;

  /// To stdout; a newline is added when `separate`d answers follow one another, or on a terminal that would
  /// be left within a line.
  enum class Ending { as_it_is, newline };
  void answer(std::string_view payload, Ending ending);
  /// What is known of an answer so far; answer() writes the rest.
  void part_of_answer(std::string_view bytes);
  [[nodiscard]] bool answers_taken() const { return out_.all_taken(); }
  void when_answers_taken(std::function<void()> then) { out_.when_taken(std::move(then)); }
  /// Whether all answers could be written, as far as that is known.
  [[nodiscard]] Status answers() const;
  /// "lemu: error: …", with the remedy on a line of its own, and the place in docs/errors.md when verbose.
  void error(const Error& error);
  /// Lines for machines, printable already, on stderr too, whatever the verbosity.
  void report(std::string_view lines);
  /// A line of lemu's own, whatever the verbosity.
  void line(std::string_view text);

  [[nodiscard]] bool all_taken() const { return out_.all_taken() && err_.all_taken(); }
  /// Both streams' readers have taken everything, or are gone.
  boost::asio::awaitable<void> taken();
  /// The same on the spot.
  void flush();

 private:
  void write_error_stream(std::string_view bytes);
  void own_lines(const std::string& text);

  int out_fd_;
  OutputStream out_;
  OutputStream err_;
  Verbosity verbosity_;
  PlatformLines lines_;
  bool at_line_start_ = true;  ///< of stderr
  char last_of_answer_ = 0;
};

}  // namespace lemu::emulator::cli
