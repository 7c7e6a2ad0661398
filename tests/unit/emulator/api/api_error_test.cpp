// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/api_error.hpp"

#include <doctest/doctest.h>

namespace lemu::emulator {

TEST_CASE("bodies have AWS's keys, their case and their order") {
  CHECK(body_of({ApiFault::resource_not_found, "Function not found: x"}) ==
        R"({"Type":"User","Message":"Function not found: x"})");
  CHECK(body_of({ApiFault::invalid_parameter_value, "no"}) == R"({"Type":"User","message":"no"})");
  CHECK(
      body_of({ApiFault::too_many_requests, "Rate Exceeded.",
               "ReservedFunctionConcurrentInvocationLimitExceeded"}) ==
      R"({"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."})");
  CHECK(body_of({ApiFault::service, "a \"b\"\n"}) == R"({"Type":"Service","Message":"a \"b\"\n"})");
}

TEST_CASE("every fault has its status and name") {
  const struct {
    ApiFault fault;
    unsigned status;
    const char* name;
  } rows[] = {{ApiFault::resource_not_found, 404, "ResourceNotFoundException"},
              {ApiFault::invalid_request_content, 400, "InvalidRequestContentException"},
              {ApiFault::invalid_parameter_value, 400, "InvalidParameterValueException"},
              {ApiFault::validation, 400, "ValidationException"},
              {ApiFault::request_too_large, 413, "RequestEntityTooLargeException"},
              {ApiFault::too_many_requests, 429, "TooManyRequestsException"},
              {ApiFault::access_denied, 403, "AccessDeniedException"},
              {ApiFault::unknown_operation, 404, "UnknownOperationException"},
              {ApiFault::method_not_allowed, 405, "MethodNotAllowedException"},
              {ApiFault::service, 500, "ServiceException"},
              {ApiFault::unavailable, 503, "ServiceUnavailableException"}};
  for (const auto& row : rows) {
    CHECK(row_of(row.fault).status == row.status);
    CHECK(row_of(row.fault).name == row.name);
  }
}

}  // namespace lemu::emulator
