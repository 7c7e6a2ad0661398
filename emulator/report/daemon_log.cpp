// SPDX-License-Identifier: Apache-2.0
#include "emulator/report/daemon_log.hpp"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace lemu::emulator {
namespace {

std::string utc_now() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::chrono::sys_days date = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day day(date);
  const std::chrono::hh_mm_ss time(now - date);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return text.data();
}

std::string_view word_of(DaemonLog::Level level) {
  switch (level) {
    case DaemonLog::Level::info: return "info";
    case DaemonLog::Level::warning: return "warning";
    case DaemonLog::Level::error: return "error";
  }
  return {};
}

std::string text_line(DaemonLog::Level level, std::string_view event, DaemonLog::Fields fields) {
  std::string line = utc_now() + " " + std::string(word_of(level)) + " " + std::string(event);
  for (const auto& [name, value] : fields) line.append(" ").append(name).append("=").append(value);
  for (char& c : line)
    if (c == '\n' || c == '\r') c = ' ';
  return line + "\n";
}

std::string json_line(DaemonLog::Level level, std::string_view event, DaemonLog::Fields fields) {
  nlohmann::ordered_json line{{"time", utc_now()}, {"level", word_of(level)}, {"event", event}};
  for (const auto& [name, value] : fields) line[std::string(name)] = value;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

void DaemonLog::write(Level level, std::string_view event, Fields fields) {
  if (dropped_ > 0) {
    const std::string count = std::to_string(std::exchange(dropped_, 0));
    const Fields lost{{"lines", count}};
    put(format_ == Format::json ? json_line(Level::warning, "log lines dropped", lost)
                                : text_line(Level::warning, "log lines dropped", lost));
  }
  put(format_ == Format::json ? json_line(level, event, fields) : text_line(level, event, fields));
}

/// A pipe that polls as writable takes PIPE_BUF bytes without waiting; see pipe(7).
void DaemonLog::put(std::string_view line) {
  pollfd ready{fd_, POLLOUT, 0};
  const std::string_view piece = line.substr(0, PIPE_BUF);
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0 ||
      ::write(fd_, piece.data(), piece.size()) < 0)
    ++dropped_;
}

}  // namespace lemu::emulator
