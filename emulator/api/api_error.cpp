// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/api_error.hpp"

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace lemu::emulator {
namespace {

constexpr std::array<ApiFaultRow, 12> kRows{{
    {ApiFault::resource_not_found, 404, "ResourceNotFoundException", "Message", "User"},
    {ApiFault::invalid_request_content, 400, "InvalidRequestContentException", "message", "User"},
    {ApiFault::invalid_parameter_value, 400, "InvalidParameterValueException", "message", "User"},
    {ApiFault::validation, 400, "ValidationException", "message", "User"},
    {ApiFault::request_too_large, 413, "RequestEntityTooLargeException", "Message", "User"},
    {ApiFault::request_timeout, 408, "RequestTimeoutException", "Message", "User"},
    {ApiFault::too_many_requests, 429, "TooManyRequestsException", "message", "User"},
    {ApiFault::access_denied, 403, "AccessDeniedException", "Message", "User"},
    {ApiFault::unknown_operation, 404, "UnknownOperationException", "Message", "User"},
    {ApiFault::method_not_allowed, 405, "MethodNotAllowedException", "Message", "User"},
    {ApiFault::service, 500, "ServiceException", "Message", "Service"},
    {ApiFault::unavailable, 503, "ServiceUnavailableException", "Message", "Service"},
}};

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

const ApiFaultRow& row_of(ApiFault fault) {
  for (const ApiFaultRow& row : kRows)
    if (row.fault == fault) return row;
  std::abort();
}

std::string body_of(const ApiError& error) {
  const ApiFaultRow& row = row_of(error.fault);
  std::string body = "{";
  if (!error.reason.empty()) body += "\"Reason\":" + json_text(error.reason) + ",";
  body += "\"Type\":" + json_text(row.type) + ",";
  return body + json_text(row.message_key) + ":" + json_text(error.message) + "}";
}

}  // namespace lemu::emulator
