// SPDX-License-Identifier: Apache-2.0
#include "emulator/rie/rie_log.hpp"

#include <strings.h>

#include <array>
#include <cstdio>
#include <ctime>

#include "base/printable.hpp"

namespace lemu::emulator {
namespace {

constexpr std::array<const char*, 7> kNames{"panic", "fatal", "error", "warning", "info", "debug", "trace"};
constexpr std::array<const char*, 7> kTags{"PANIC", "FATAL", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE"};

}  // namespace

std::optional<RieLevel> rie_level_of(std::string_view word) {
  const std::string text(word == "warn" || word == "WARN" ? "warning" : word);
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (::strcasecmp(kNames[i], text.c_str()) == 0) return static_cast<RieLevel>(i);
  return std::nullopt;
}

std::string rie_log_line(RieLevel level, std::string_view text, std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> date{};
  std::strftime(date.data(), date.size(), "%d %b %Y %H:%M:%S", &parts);
  std::array<char, 128> head{};
  std::snprintf(head.data(), head.size(), "%s,%03d [%s] (rapid) ", date.data(), static_cast<int>(ms),
                kTags[static_cast<std::size_t>(level)]);
  return std::string(head.data()) + printable(text) + "\n";
}

}  // namespace lemu::emulator
