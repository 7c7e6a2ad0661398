// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/api_reply.hpp"

#include <array>

namespace lemu::emulator {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

void ApiReply::send(const ApiAnswer& answer) const {
  const std::array<rapi::HttpField, 6> fields{{{"x-amzn-RequestId", request_id_},
                                               {"x-amzn-Remapped-Content-Length", "0"},
                                               {"X-Amzn-Trace-Id", answer.trace},
                                               {"X-Amz-Executed-Version", answer.executed_version},
                                               {"X-Amz-Function-Error", answer.function_error},
                                               {"X-Amz-Log-Result", answer.log_result}}};
  reply_.send({.status = answer.status,
               .content_type = answer.status == 204 ? std::string_view() : kJson,
               .body = answer.body,
               .fields = fields});
}

void ApiReply::refuse(const ApiError& error) const {
  const ApiFaultRow& row = row_of(error.fault);
  const std::array<rapi::HttpField, 2> fields{
      {{"x-amzn-RequestId", request_id_}, {"x-amzn-ErrorType", row.name}}};
  reply_.send({.status = row.status, .content_type = kJson, .body = body_of(error), .fields = fields});
}

}  // namespace lemu::emulator
