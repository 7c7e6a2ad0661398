// SPDX-License-Identifier: Apache-2.0
#include "rapi/runtime_answers.hpp"

#include <array>
#include <charconv>

namespace lemu::rapi {
namespace {

struct AbsentApi {
  std::string_view prefix;
  std::string_view why;
};

// What runtimes and their wrappers ask for, and lemu has not.
constexpr AbsentApi kAbsent[] = {
    {"/2020-01-01/extension/", "lemu has no Extensions API"},
    {"/2020-08-15/logs", "lemu has no Logs API"},
    {"/2022-07-01/telemetry", "lemu has no Telemetry API"},
    {"/2018-06-01/runtime/restore/", "only a function with SnapStart has this path"},
    {"/2021-04-23/credentials", "only a function with SnapStart has this path"},
};

}  // namespace

http::Refusal Refusal::answer() const {
  switch (form) {
    case Form::nothing: return {status, {}, {}, allow};
    case Form::text: return {status, std::string(kText), "404 page not found\n", {}};
    case Form::json: break;
  }
  return {status,
          std::string(kJson),
          "{\"errorMessage\":\"" + message + "\",\"errorType\":\"" + type + "\"}\n",
          {}};
}

Refusal invalid_request_id() { return {400, "InvalidRequestID", "Invalid request ID"}; }

Refusal invalid_transition(RuntimePhase from, RuntimeCall call) {
  return {403, "InvalidStateTransition", refusal_message(from, call)};
}

Refusal truncated_body() { return {400, "TruncatedHTTPRequest", "HTTP request detected as truncated"}; }

Refusal too_large_body(std::size_t limit) {
  return {413, "RequestEntityTooLarge",
          "Exceeded maximum allowed payload size (" + std::to_string(limit) + " bytes)."};
}

Refusal invalid_mode() { return {400, "InvalidFunctionResponseMode", "Invalid function response mode"}; }

Refusal not_for_pages() { return {403, "Forbidden", "The Runtime API is for the function's runtime only"}; }

Refusal no_such_path(std::string_view path) {
  std::string_view why = "there is no such path";
  for (const AbsentApi& absent : kAbsent)
    if (path.starts_with(absent.prefix)) why = absent.why;
  return {404, "NotFound", std::string(why), Refusal::Form::text};
}

Refusal wrong_method(std::string_view allowed) {
  return {405, "MethodNotAllowed", "this path takes " + std::string(allowed), Refusal::Form::nothing,
          allowed};
}

/// The fields in the order of their names, as Go's server sorts them.
http::Reply::Sent send_event(const http::Reply& reply, const std::shared_ptr<const Event>& shared) {
  const Event& event = *shared;
  const std::shared_ptr<const void> owner = shared;
  std::array<char, 20> digits;
  const std::to_chars_result end =
      std::to_chars(digits.data(), digits.data() + digits.size(), event.deadline_ms);
  const std::string_view deadline(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  const std::array<http::Field, 7> fields{{{"Lambda-Runtime-Aws-Request-Id", event.request_id},
                                           {"Lambda-Runtime-Aws-Tenant-Id", event.tenant_id},
                                           {"Lambda-Runtime-Client-Context", event.client_context},
                                           {"Lambda-Runtime-Cognito-Identity", event.cognito_identity},
                                           {"Lambda-Runtime-Deadline-Ms", deadline},
                                           {"Lambda-Runtime-Invoked-Function-Arn", event.function_arn},
                                           {"Lambda-Runtime-Trace-Id", event.trace_id}}};
  return reply.send(
      {.status = 200,
       .content_type = event.content_type.empty() ? kJson : std::string_view(event.content_type),
       .body = event.body,
       .fields = fields,
       .owner = &owner});
}

}  // namespace lemu::rapi
