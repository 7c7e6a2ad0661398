// SPDX-License-Identifier: Apache-2.0
#include "emulator/function/config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>

#include "emulator/function/errors.hpp"

namespace lemu::emulator {
namespace {

using std::chrono::milliseconds;

// "AWS Lambda quotas", CreateFunction's constraints, and NamespacedFunctionName of the service's model.
constexpr std::size_t kNameLimit = 256;
constexpr std::size_t kDefaultNameLimit = 64;  // of what CreateFunction takes
constexpr std::size_t kHandlerLimit = 128;
constexpr std::uint64_t kLeastMemoryMb = 128;
constexpr std::uint64_t kMostMemoryMb = 10'240;
constexpr std::uint64_t kLeastStorageMb = 512;
constexpr std::uint64_t kMostStorageMb = 10'240;
constexpr milliseconds kLongestTimeout{900'000};
constexpr std::size_t kAccountDigits = 12;

constexpr std::string_view kDefaultRegion = "us-east-1";
constexpr std::string_view kDefaultAccount = "123456789012";  // the account of AWS's own examples
constexpr std::string_view kDefaultHandler =
    "bootstrap";  // what AWS's documentation gives for provided.al2023

bool is_name_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_in_a_name(char c) { return c == '.' || is_name_letter(c); }

Status check_name(const std::string& name) {
  if (name.empty()) return fail<"function-name-empty">();
  if (name.size() > kNameLimit)
    return fail<"function-name-too-long">(at<"name">(name), at<"size">(name.size()), at<"most">(kNameLimit));
  if (!std::all_of(name.begin(), name.end(), is_in_a_name))
    return fail<"function-name-characters">(at<"name">(name), at<"legal">(default_function_name(name)));
  return {};
}

Status check_handler(const std::string& handler) {
  const bool has_space =
      std::any_of(handler.begin(), handler.end(), [](unsigned char c) { return std::isspace(c) != 0; });
  if (handler.empty() || has_space)
    return fail<"handler-malformed">(at<"handler">(handler), at<"default">(kDefaultHandler));
  if (handler.size() > kHandlerLimit)
    return fail<"handler-too-long">(at<"size">(handler.size()), at<"most">(kHandlerLimit));
  return {};
}

/// us-east-1, us-gov-west-1, ap-southeast-2: words of letters, then a number.
bool is_region(std::string_view region) {
  int words = 0;
  while (true) {
    const std::size_t dash = region.find('-');
    const std::string_view word = region.substr(0, dash);
    if (word.empty()) return false;
    if (dash == std::string_view::npos) return words >= 2 && std::all_of(word.begin(), word.end(), is_digit);
    if (!std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::islower(c) != 0; }))
      return false;
    ++words;
    region.remove_prefix(dash + 1);
  }
}

struct ChosenRegion {
  std::string name;
  std::string source;
};

ChosenRegion choose_region(const FunctionDescription& description, const EnvironmentLookup& environment) {
  if (description.region) return {*description.region, "--region"};
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    std::optional<std::string> region = environment ? environment(variable) : std::nullopt;
    if (region && !region->empty()) return {*region, std::string(variable) + " of your environment"};
  }
  return {std::string(kDefaultRegion), "the default"};
}

std::string_view partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  return "aws";
}

Status check_memory(std::uint64_t mb) {
  if (mb >= kLeastMemoryMb && mb <= kMostMemoryMb) return {};
  return fail<"memory-out-of-range">(at<"size">(mb),
                                     at<"nearest">(mb < kLeastMemoryMb ? kLeastMemoryMb : kMostMemoryMb));
}

Status check_storage(std::uint64_t mb) {
  if (mb >= kLeastStorageMb && mb <= kMostStorageMb) return {};
  return fail<"tmp-out-of-range">(at<"size">(mb),
                                  at<"nearest">(mb < kLeastStorageMb ? kLeastStorageMb : kMostStorageMb));
}

Status check_timeout(milliseconds timeout, std::vector<std::string>& notes) {
  if (timeout <= milliseconds::zero()) return fail<"timeout-zero">();
  if (timeout > kLongestTimeout) return fail<"timeout-too-long">(at<"seconds">(timeout.count() / 1000));
  if (timeout.count() % 1000 != 0)
    notes.push_back("a timeout of " + std::to_string(timeout.count()) +
                    " ms works here only: Lambda takes whole seconds, 1 to 900");
  return {};
}

Status check_identity(const FunctionConfig& config, const std::string& region_source) {
  LEMU_TRY(check_name(config.name));
  LEMU_TRY(check_handler(config.handler));
  if (!is_region(config.region))
    return fail<"region-malformed">(at<"region">(config.region), at<"source">(region_source));
  if (config.account_id.size() != kAccountDigits ||
      !std::all_of(config.account_id.begin(), config.account_id.end(), is_digit))
    return fail<"account-malformed">(at<"id">(config.account_id));
  return {};
}

std::string utc_date(std::chrono::system_clock::time_point now) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(now)};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d/%02u/%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text.data();
}

}  // namespace

std::string default_function_name(std::string_view target) {
  std::filesystem::path path{std::string(target)};
  if (!path.has_filename()) path = path.parent_path();  // a folder written with a slash at its end
  std::string name = path.filename().string();
  if (name == "bootstrap" && path.has_parent_path()) {
    const std::string folder = path.parent_path().filename().string();
    if (!folder.empty() && folder != "." && folder != "..") name = folder;
  }
  if (name.ends_with(".zip")) name.resize(name.size() - 4);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_name_letter(c); }, '-');
  if (name.size() > kDefaultNameLimit) name.resize(kDefaultNameLimit);
  const std::size_t first = name.find_first_not_of('-');
  if (first == std::string::npos) return "function";
  return name.substr(first, name.find_last_not_of('-') - first + 1);
}

std::string log_stream_name(std::string_view version, std::chrono::system_clock::time_point now,
                            std::string_view id) {
  return utc_date(now).append("/[").append(version).append("]").append(id);
}

Result<FunctionConfig> make_function_config(const FunctionDescription& description,
                                            const FunctionSurroundings& surroundings) {
  FunctionConfig config;
  const ChosenRegion region = choose_region(description, surroundings.environment);
  config.target = description.target;
  config.arch = description.arch;
  config.name = description.name ? *description.name : default_function_name(surroundings.target);
  config.region = region.name;
  config.account_id = description.account_id.value_or(std::string(kDefaultAccount));
  config.handler = description.handler.value_or(std::string(kDefaultHandler));
  config.memory_mb = description.memory_mb.value_or(config.memory_mb);
  config.timeout = description.timeout.value_or(config.timeout);
  config.ephemeral_storage_mb = description.ephemeral_storage_mb.value_or(config.ephemeral_storage_mb);

  for (Status checked :
       {check_identity(config, region.source), check_memory(config.memory_mb),
        check_storage(config.ephemeral_storage_mb), check_timeout(config.timeout, config.notes)})
    LEMU_TRY(checked);

  config.arn = "arn:" + std::string(partition_of(config.region)) + ":lambda:" + config.region + ":" +
               config.account_id + ":function:" + config.name;
  config.log_group = "/aws/lambda/" + config.name;
  config.log_stream = log_stream_name(config.version, surroundings.now, surroundings.log_stream_id);
  return config;
}

}  // namespace lemu::emulator
