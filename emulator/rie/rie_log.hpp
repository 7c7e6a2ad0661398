// SPDX-License-Identifier: Apache-2.0
// RieLog: what `lemu rie` says of itself on stderr, a line each in aws-lambda-rie's form. Owned by the
// command; one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lemu::emulator {

/// The most urgent first, as logrus has them.
enum class RieLevel { panic, fatal, error, warning, info, debug, trace };
/// In any case; "warn" too. Nothing for another word.
[[nodiscard]] std::optional<RieLevel> rie_level_of(std::string_view word);

/// "25 Nov 2026 13:58:47,113 [INFO] (rapid) text\n", in local time.
[[nodiscard]] std::string rie_log_line(RieLevel level, std::string_view text,
                                       std::chrono::system_clock::time_point now);

class RieLog {
 public:
  using Write = std::function<void(std::string_view line)>;
  RieLog(Write to, RieLevel level) : to_(std::move(to)), level_(level) {}
  void write(RieLevel level, std::string_view text) {
    if (level <= level_) to_(rie_log_line(level, text, std::chrono::system_clock::now()));
  }

 private:
  const Write to_;
  const RieLevel level_;
};

}  // namespace lemu::emulator
