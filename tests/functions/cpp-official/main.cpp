// SPDX-License-Identifier: Apache-2.0

// AWS's own runtime for C++ (aws-lambda-cpp): answers with what it was told of the invocation and its event,
// or with an error when the event is {"fail":…}.
#include <aws/lambda-runtime/runtime.h>

#include <string>

namespace {

using aws::lambda_runtime::invocation_request;
using aws::lambda_runtime::invocation_response;

invocation_response handle(const invocation_request& request) {
  static int invocation = 0;
  ++invocation;
  if (request.payload.rfind("{\"fail\"", 0) == 0) return invocation_response::failure("told to", "Told", "");
  const bool in_time = request.get_time_remaining().count() > 0;
  return invocation_response::success(
      "{\"id\":\"" + request.request_id + "\",\"arn\":\"" + request.function_arn +
          "\",\"invocation\":" + std::to_string(invocation) + ",\"in_time\":" + (in_time ? "true" : "false") +
          ",\"event\":" + request.payload + "}",
      "application/json");
}

}  // namespace

int main() { aws::lambda_runtime::run_handler(handle); }
