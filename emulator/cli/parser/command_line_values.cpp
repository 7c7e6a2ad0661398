// SPDX-License-Identifier: Apache-2.0
#include "emulator/cli/parser/command_line_values.hpp"

#include <charconv>
#include <cmath>

#include "base/http/host_guard.hpp"
#include "base/units.hpp"
#include "emulator/cli/parser/errors.hpp"
#include "emulator/cli/parser/suggest.hpp"

namespace lemu::emulator::cli {
namespace {

template <class Text>
Take text_into(Text& into) {
  return [&into](const std::string& value) -> Status {
    if (value.empty()) return fail<"value-empty">();
    into = value;
    return {};
  };
}

template <class Time>
Take time_into(Time& into) {
  return [&into](const std::string& value) -> Status {
    Result<std::chrono::nanoseconds> time = parse_duration(value);
    LEMU_TRY(time);
    into = std::chrono::duration_cast<Time>(*time);
    return {};
  };
}

/// The whole text as a number; nothing when it is none.
template <class Number>
std::optional<Number> number_of(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

/// "lambda.test" of "http://lambda.test:9000/".
std::string host_name_in(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find_first_of(":/", begin) - begin);
}

}  // namespace

Take take_text(std::string& into) { return text_into(into); }
Take take_text(std::optional<std::string>& into) { return text_into(into); }

Take take_another(std::vector<std::string>& into) {
  return [&into](const std::string& value) -> Status {
    if (value.empty()) return fail<"value-empty">();
    into.push_back(value);
    return {};
  };
}

Take take_host_name(std::vector<std::string>& into) {
  return [&into](const std::string& value) -> Status {
    const std::string name = host_name_in(value);
    if (name != value && http::is_host_name(name))
      return fail<"value-more-than-a-host-name">(at<"value">(value), at<"name">(name));
    if (!http::is_host_name(value)) return fail<"value-not-a-host-name">(at<"value">(value));
    into.push_back(value);
    return {};
  };
}

Take take_any_text(std::optional<std::string>& into) {
  return [&into](const std::string& value) -> Status {
    into = value;
    return {};
  };
}

Take take_seconds(std::optional<std::chrono::milliseconds>& into) {
  return [&into](const std::string& value) -> Status {
    Result<std::chrono::nanoseconds> duration = parse_duration(value, std::chrono::seconds(1));
    LEMU_TRY(duration);
    if (duration->count() % 1'000'000 != 0) return fail<"value-not-milliseconds">(at<"value">(value));
    into = std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
    return {};
  };
}

Take take_time(std::chrono::nanoseconds& into) { return time_into(into); }
Take take_time(std::chrono::milliseconds& into) { return time_into(into); }

Take take_time_limit(std::chrono::milliseconds& into) {
  return [&into](const std::string& value) -> Status {
    LEMU_TRY(take_time(into)(value));
    if (into.count() < 1) return fail<"value-no-time">(at<"value">(value));
    return {};
  };
}

Take take_bytes(std::size_t& into, std::size_t most) {
  return [&into, most](const std::string& value) -> Status {
    Result<std::uint64_t> bytes = parse_size(value, 1);
    LEMU_TRY(bytes);
    if (*bytes < 1 || *bytes > most)
      return fail<"value-not-in-range">(at<"value">(value), at<"least">(1), at<"most">(most));
    into = *bytes;
    return {};
  };
}

Take take_megabytes(std::optional<std::uint64_t>& into) {
  return [&into](const std::string& value) -> Status {
    Result<std::uint64_t> bytes = parse_size(value, kMiB);
    LEMU_TRY(bytes);
    if (*bytes % kMiB != 0) return fail<"value-not-megabytes">(at<"value">(value));
    into = *bytes / kMiB;
    return {};
  };
}

Take take_count(std::uint32_t& into, std::uint32_t most, std::uint32_t least) {
  return [&into, most, least](const std::string& value) -> Status {
    const std::optional<std::uint32_t> number = number_of<std::uint32_t>(value);
    if (!number || *number < least || *number > most)
      return fail<"value-not-in-range">(at<"value">(value), at<"least">(least), at<"most">(most));
    into = *number;
    return {};
  };
}

Take take_factor(std::optional<double>& into, double most) {
  return [&into, most](const std::string& value) -> Status {
    const std::optional<double> number = number_of<double>(value);
    if (!number || !std::isfinite(*number) || *number <= 0 || *number > most)
      return fail<"value-not-a-factor">(at<"value">(value), at<"most">(static_cast<int>(most)));
    into = *number;
    return {};
  };
}

Take take_arch(std::optional<Arch>& into) {
  return [&into](const std::string& value) -> Status {
    into = parse_arch(value);
    if (into) return {};
    return none_of(value, {"arm64", "aarch64", "x86_64", "amd64"});
  };
}

Result<bool> switched_on(const std::string& value) {
  if (value.empty() || value == "true") return true;
  if (value == "false") return false;
  return fail<"switch-unclear">(at<"value">(value));
}

tl::unexpected<Error> none_of(const std::string& value, const std::vector<std::string>& words) {
  std::string list;
  for (std::size_t at = 0; at < words.size(); ++at) list.append(at > 0 ? ", " : "").append(words[at]);
  return fail<"value-not-a-choice">(at<"value">(value), at<"words">(list),
                                    at<"suggestion">(did_you_mean(candidates_for(value, words))));
}

}  // namespace lemu::emulator::cli
