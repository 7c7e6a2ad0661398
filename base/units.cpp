// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

#include "base/errors.hpp"

namespace lemu {
namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  std::uint64_t worth;  ///< in nanoseconds or bytes
};

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 7> kDurationUnits{{{"ns", 1},
                                              {"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", kSecond},
                                              {"m", 60 * kSecond},
                                              {"min", 60 * kSecond},
                                              {"h", 3600 * kSecond}}};
constexpr std::uint64_t kKiB = 1024, kGiB = 1024 * kMiB, kTiB = 1024 * kGiB;
constexpr std::array<Unit, 13> kSizeUnits{{{"b", 1},
                                           {"k", kKiB},
                                           {"kb", kKiB},
                                           {"kib", kKiB},
                                           {"m", kMiB},
                                           {"mb", kMiB},
                                           {"mib", kMiB},
                                           {"g", kGiB},
                                           {"gb", kGiB},
                                           {"gib", kGiB},
                                           {"t", kTiB},
                                           {"tb", kTiB},
                                           {"tib", kTiB}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

/// A decimal number taken apart so that it can be scaled without floating point: digits / 10^decimals.
struct Number {
  std::uint64_t digits = 0;
  std::uint64_t power = 1;  ///< 10^decimals
};

/// Takes a number off the front. Nothing when there is none, or one of more than 18 digits.
std::optional<Number> take_number(std::string_view& text) {
  constexpr int kMostDigits = 18;  // 10^18 fits 64 bits, and leaves room to scale in 128
  Number number;
  int count = 0;
  bool after_point = false;
  while (!text.empty() && (is_digit(text.front()) || (text.front() == '.' && !after_point))) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '.') {
      after_point = true;
      continue;
    }
    if (++count > kMostDigits) return std::nullopt;
    number.digits = number.digits * 10 + static_cast<std::uint64_t>(c - '0');
    if (after_point) number.power *= 10;
  }
  if (count == 0) return std::nullopt;
  return number;
}

/// Takes a word of letters, and spaces before it, off the front; the word in small letters.
std::string take_word(std::string_view& text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start != std::string_view::npos && is_letter(text[start])) text.remove_prefix(start);
  std::string word;
  while (!text.empty() && is_letter(text.front())) {
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    text.remove_prefix(1);
  }
  return word;
}

std::optional<std::uint64_t> worth_of(std::string_view word, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (unit.name == word) return unit.worth;
  return std::nullopt;
}

tl::unexpected<Error> bad_text(std::string_view what, std::string_view text, std::string_view reason,
                               std::string_view example) {
  return fail<"value-not-readable">(at<"text">(text), at<"what">(what), at<"reason">(reason),
                                    at<"example">(example));
}

constexpr std::string_view kDurationExample = "3s, 500ms, 1.5s, 2m or 1h";
constexpr std::string_view kSizeExample = "512MB, 1GB, 64k or 100B";

/// Cuts "12.345" to "12.3", and "12.0" to "12".
std::string with_decimals(std::uint64_t whole, std::uint64_t fraction, std::uint64_t power) {
  std::string text = std::to_string(whole);
  if (fraction == 0) return text;
  std::string decimals = std::to_string(power + fraction).substr(1);
  while (decimals.back() == '0') decimals.pop_back();
  return text + "." + decimals;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text, std::chrono::nanoseconds bare_unit) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::string_view rest = text;
  Wide total = 0;
  bool first = true;
  do {
    if (!rest.empty() && rest.front() == '-')
      return bad_text("duration", text, "it must not be negative", kDurationExample);
    const std::optional<Number> number = take_number(rest);
    if (!number) return bad_text("duration", text, "a number and a unit are expected", kDurationExample);
    const std::string word = take_word(rest);
    std::optional<std::uint64_t> worth = worth_of(word, kDurationUnits);
    if (word.empty() && first && rest.empty()) worth = static_cast<std::uint64_t>(bare_unit.count());
    if (!worth) return bad_text("duration", text, "the units are ns, us, ms, s, m and h", kDurationExample);
    total += Wide(number->digits) * *worth / number->power;
    if (total > kMost) return bad_text("duration", text, "it is too long", kDurationExample);
    first = false;
  } while (!rest.empty());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t bare_unit) {
  std::string_view rest = text;
  if (!rest.empty() && rest.front() == '-')
    return bad_text("size", text, "it must not be negative", kSizeExample);
  const std::optional<Number> number = take_number(rest);
  if (!number) return bad_text("size", text, "a number and a unit are expected", kSizeExample);
  const std::string word = take_word(rest);
  const std::optional<std::uint64_t> worth = word.empty() ? bare_unit : worth_of(word, kSizeUnits);
  if (!worth || !rest.empty())
    return bad_text("size", text, "the units are B, k, M, G and T (also KB, MB, MiB, …)", kSizeExample);
  const Wide scaled = Wide(number->digits) * *worth;
  if (scaled % number->power != 0)
    return bad_text("size", text, "it is not a whole number of bytes", kSizeExample);
  if (scaled / number->power > std::numeric_limits<std::uint64_t>::max())
    return bad_text("size", text, "it is too large", kSizeExample);
  return static_cast<std::uint64_t>(scaled / number->power);
}

std::string print_duration(std::chrono::nanoseconds duration) {
  if (duration.count() < 0) return "-" + print_duration(-duration);
  const std::uint64_t ns = static_cast<std::uint64_t>(duration.count());
  if (ns == 0) return "0s";
  if (ns < 1'000) return std::to_string(ns) + "ns";
  if (ns < 1'000'000) return with_decimals(ns / 1'000, ns % 1'000, 1'000) + "us";
  if (ns < kSecond) return with_decimals(ns / 1'000'000, ns % 1'000'000, 1'000'000) + "ms";
  const std::uint64_t seconds = ns / kSecond;
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + "h";
  if (seconds % 3600 >= 60) text += std::to_string(seconds % 3600 / 60) + "m";
  if (text.empty() || ns % (60 * kSecond) != 0)
    text += with_decimals(seconds % 60, ns % kSecond, kSecond) + "s";
  return text;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, port);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return port;
}

std::string print_size(std::uint64_t bytes) {
  struct Step {
    std::uint64_t worth;
    std::string_view name;
  };
  constexpr std::array<Step, 4> kSteps{{{kTiB, "TB"}, {kGiB, "GB"}, {kMiB, "MB"}, {kKiB, "KB"}}};
  for (const Step& step : kSteps) {
    if (bytes < step.worth) continue;
    const std::uint64_t tenths = bytes % step.worth * 10 / step.worth;
    return with_decimals(bytes / step.worth, tenths, 10) + std::string(step.name);
  }
  return std::to_string(bytes) + "B";
}

}  // namespace lemu
