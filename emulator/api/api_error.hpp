// SPDX-License-Identifier: Apache-2.0
// ApiError: what the Lambda API answers in place of a result: one table of status, name and body. The names
// and the capitals of the keys are those of AWS's service model (botocore, lambda/2015-03-31). Pure.
#pragma once

#include <string>
#include <string_view>

namespace lemu::emulator {

enum class ApiFault {
  resource_not_found,
  invalid_request_content,
  invalid_parameter_value,
  validation,
  request_too_large,
  request_timeout,
  too_many_requests,
  access_denied,
  unknown_operation,
  method_not_allowed,
  service,      ///< lemu could not run the function
  unavailable,  ///< lemu cannot take more now: its disk is full, it is ending
};

struct ApiError {
  ApiFault fault = ApiFault::service;
  std::string message;
  std::string reason = {};  ///< of a 429: "ReservedFunctionConcurrentInvocationLimitExceeded"
  std::string allow = {};   ///< of a 405: the methods, as in the field of that name
};

struct ApiFaultRow {
  ApiFault fault;
  unsigned status;
  std::string_view name;         ///< the x-amzn-ErrorType
  std::string_view message_key;  ///< "Message" or "message"
  std::string_view type;         ///< whose fault: "User" or "Service"
};

[[nodiscard]] const ApiFaultRow& row_of(ApiFault fault);
/// {"Type":"User","message":"…"}; a throttle's names its Reason first, as recorded.
[[nodiscard]] std::string body_of(const ApiError& error);

}  // namespace lemu::emulator
