// SPDX-License-Identifier: Apache-2.0
#include "emulator/async/dead_letters.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_document.hpp"
#include "base/json_syntax.hpp"
#include "base/named_files.hpp"
#include "base/syscall.hpp"
#include "emulator/async/errors.hpp"
#include "emulator/function/config.hpp"

namespace lemu::emulator {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view kSuffix = ".json";
// A payload of 1 MB and an answer of 6, each perhaps escaped.
constexpr std::size_t kRecordLimit = std::size_t{64} << 20;

std::string iso_time(std::int64_t unix_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
  const std::chrono::sys_days date = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day day(date);
  const std::chrono::hh_mm_ss clock(time - date);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// As it is when it is JSON that can be read again within the record, else as a string. A document has no
/// place for lone surrogates: then its text stands there.
std::string embedded(const std::string& text) {
  const ordered_json value = json_document(text, kMostNested - 1);  // one is the record's
  if (value.is_discarded()) return text_of(text);
  return without_lone_surrogates(text) == text ? text_of(value) : text;
}

}  // namespace

std::string record_of(const DeadLetter& letter) {
  const EventSchedule& schedule = letter.event.schedule;
  ordered_json context;
  context["version"] = "1.0";
  context["timestamp"] = iso_time(letter.given_up_ms);
  context["requestContext"] = {{"requestId", schedule.request_id},
                               {"functionArn", letter.event.arn},
                               {"condition", letter.condition},
                               {"approximateInvokeCount", schedule.attempts}};
  std::string record = text_of(context);
  record.pop_back();  // goes on
  record.append(R"(,"requestPayload":)").append(embedded(letter.event.payload));
  if (letter.response) {
    const ordered_json response{
        {"statusCode", 200}, {"executedVersion", kLatestVersion}, {"functionError", "Unhandled"}};
    record.append(R"(,"responseContext":)").append(text_of(response));
    record.append(R"(,"responsePayload":)").append(embedded(*letter.response));
  }
  // What a redrive needs besides, byte for byte.
  const ordered_json ours{{"function", schedule.function},
                          {"payload", letter.event.payload},
                          {"clientContext", letter.event.client_context},
                          {"trace", letter.event.trace}};
  return record.append(R"(,"lemu":)").append(text_of(ours)).append("}\n");
}

Result<AcceptedEvent> event_of(std::string_view text) {
  const ordered_json record = json_document(text);
  AcceptedEvent event;
  try {
    const ordered_json& context = record.at("requestContext");
    const ordered_json& ours = record.at("lemu");
    event.schedule.request_id = context.at("requestId");
    event.arn = context.at("functionArn");
    event.schedule.function = ours.at("function");
    event.payload = ours.at("payload");
    event.client_context = ours.at("clientContext");
    event.trace = ours.at("trace");
  } catch (const ordered_json::exception&) {
    return fail<"dead-letter-malformed">();
  }
  return event;
}

std::string DeadLetters::path_of(const Entry& entry) const {
  return folder_ + "/" + entry.function + "/" + entry.request_id + std::string(kSuffix);
}

Status DeadLetters::write(const DeadLetter& letter) const {
  const EventSchedule& schedule = letter.event.schedule;
  LEMU_TRY(make_private_folders(folder_ + "/" + schedule.function));
  return write_file_atomically(path_of({schedule.request_id, schedule.function}), record_of(letter), 0600);
}

std::optional<std::string> DeadLetters::find(const std::string& request_id) const {
  for (const Entry& entry : list())
    if (entry.request_id == request_id) return path_of(entry);
  return std::nullopt;
}

Result<std::string> DeadLetters::read(const std::string& request_id) const {
  const std::optional<std::string> path = find(request_id);
  if (!path) return fail<"dead-letter-unknown">(at<"id">(request_id));
  return read_file(*path, kRecordLimit);
}

Status DeadLetters::remove(const std::string& request_id) const {
  const std::optional<std::string> path = find(request_id);
  if (path && ::unlink(path->c_str()) < 0)
    return fail_errno<"dead-letter-not-removed">(errno, at<"path">(*path));
  return {};
}

std::vector<DeadLetters::Entry> DeadLetters::list() const {
  std::vector<Entry> entries;
  std::error_code code;
  for (const fs::directory_entry& function : fs::directory_iterator(folder_, code))
    for (const fs::directory_entry& file : fs::directory_iterator(function.path(), code))
      if (file.path().extension() == kSuffix)
        entries.push_back({file.path().stem().string(), function.path().filename().string()});
  return entries;
}

}  // namespace lemu::emulator
