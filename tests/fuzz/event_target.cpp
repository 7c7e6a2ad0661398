// SPDX-License-Identifier: Apache-2.0
// JSON from the user and from runtimes: events, client contexts, error causes and types, and the payloads
// that carry a message of any bytes.
#include "emulator/function/event.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_syntax.hpp"
#include "base/printable.hpp"
#include "emulator/report/platform_error.hpp"
#include "rapi/runtime_error.hpp"
#include "tests/fuzz/target.hpp"

using namespace lemu;
using namespace lemu::emulator;

namespace {

using nlohmann::json;

/// One line that a terminal is not driven by.
void check_message(const Error& error) {
  LEMU_HOLDS(error.kind == ErrorKind::bad_input && error.message.size() < 400);
  LEMU_HOLDS(std::all_of(error.message.begin(), error.message.end(),
                         [](unsigned char c) { return c >= 0x20 && c < 0x7f; }));
}

/// nlohmann's parser finds fault with numbers beyond a double's, and none with what follows a NUL, or with a
/// byte order mark.
bool is_judged_otherwise(std::string_view bytes) {
  if (bytes.find('\0') != std::string_view::npos || bytes.starts_with("\xEF\xBB\xBF")) return true;
  try {
    const json parsed = json::parse(without_lone_surrogates(bytes));
    return parsed.is_discarded();  // never: errors are thrown
  } catch (const json::exception& error) {
    constexpr int kNumberOverflow = 406;
    return error.id == kNumberOverflow;
  }
}

void check_event(std::string_view bytes) {
  const Status checked = check_json(bytes, "--data");
  const std::string paired = without_lone_surrogates(bytes);
  LEMU_HOLDS(paired.size() == bytes.size() && without_lone_surrogates(paired) == paired);
  LEMU_HOLDS(checked.has_value() == json::accept(paired) || is_judged_otherwise(bytes));
  if (!checked) check_message(checked.error());
  const Result<std::string> event = read_event({.data = std::string(bytes)}, -1);
  LEMU_HOLDS(event.has_value() == checked.has_value());
  if (event) LEMU_HOLDS(*event == bytes);

  const Status context = check_client_context(bytes);
  if (context)
    LEMU_HOLDS(bytes.size() <= kClientContextLimit &&
               (is_judged_otherwise(bytes) || json::parse(paired).is_object()));
  else
    check_message(context.error());
}

void check_cause(std::string_view bytes) {
  const std::string cause = rapi::checked_error_cause(bytes);
  LEMU_HOLDS(cause.size() <= rapi::kMaxErrorCause);
  if (!cause.empty()) {
    LEMU_HOLDS(json::parse(cause).is_object());
    LEMU_HOLDS(rapi::checked_error_cause(cause) == cause);  // what is kept is kept
  }
  const rapi::ErrorBody body = rapi::split_error_cause(bytes);
  LEMU_HOLDS(json::accept(body.body) && body.xray_cause.size() <= rapi::kMaxErrorCause);
  LEMU_HOLDS(body.xray_cause.empty() || json::accept(body.xray_cause));
}

void check_type(std::string_view bytes) {
  const std::string type = rapi::sanitised_error_type(bytes);
  LEMU_HOLDS(type == bytes || type == "Function.Unknown" || type == "Runtime.Unknown");
  LEMU_HOLDS(rapi::sanitised_error_type(type) == type);
  LEMU_HOLDS(type == printable(type));
}

void check_shown(std::string_view bytes) {
  const std::string shown = printable(bytes);
  LEMU_HOLDS(printable(shown) == shown && shown.find_first_of("\x1b\n\t") == std::string::npos);
  LEMU_HOLDS(printable(shell_word(bytes)) == shell_word(bytes) && !shell_word(bytes).starts_with('-'));
  const std::string document = printable_json(bytes);
  LEMU_HOLDS(printable_json(document) == document);
  LEMU_HOLDS(is_judged_otherwise(bytes) || !json::accept(bytes) ||
             json::parse(document) == json::parse(bytes));
}

void check_payload(std::string_view bytes) {
  const std::size_t half = bytes.size() / 2;
  const PlatformError error = platform_error(bytes.substr(0, half), "id", bytes.substr(half));
  const json payload = json::parse(error.payload, nullptr, false);
  LEMU_HOLDS(payload.is_object() && payload.size() == 2);
  LEMU_HOLDS(payload["errorMessage"].get<std::string>().starts_with("RequestId: id Error: "));
  LEMU_HOLDS(json::accept(unexplained_error(bytes).payload));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  check_event(bytes);
  check_cause(bytes);
  check_type(bytes);
  check_payload(bytes);
  check_shown(bytes);
  return 0;
}
