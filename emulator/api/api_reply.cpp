// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/api_reply.hpp"

#include <array>

#include "emulator/api/event_stream.hpp"

namespace lemu::emulator {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

void ApiReply::send(const ApiAnswer& answer) const {
  const std::array<http::Field, 6> fields{{{"x-amzn-RequestId", request_id_},
                                           {"x-amzn-Remapped-Content-Length", "0"},
                                           {"X-Amzn-Trace-Id", answer.trace},
                                           {"X-Amz-Executed-Version", answer.executed_version},
                                           {"X-Amz-Function-Error", answer.function_error},
                                           {"X-Amz-Log-Result", answer.log_result}}};
  reply_.send({.status = answer.status,
               .content_type = answer.status == 204 ? std::string_view() : kJson,
               .body = answer.body,
               .fields = fields,
               .owner = answer.owner});
}

void ApiReply::refuse(const ApiError& error) const {
  const ApiFaultRow& row = row_of(error.fault);
  const std::array<http::Field, 3> fields{
      {{"x-amzn-RequestId", request_id_}, {"x-amzn-ErrorType", row.name}, {"Allow", error.allow}}};
  reply_.send({.status = row.status, .content_type = kJson, .body = body_of(error), .fields = fields});
}

void ApiReply::fail(const Error& error) const {
  const std::string remedy = error.remedy.empty() ? "" : " (" + error.remedy + ")";
  refuse({ApiFault::service, "lemu could not run the function: " + error.message + remedy});
}

http::Stream ApiReply::begin_events(std::string_view executed_version, std::string_view trace,
                                    std::function<void(http::StreamEvent)> told) const {
  const std::array<http::Field, 4> fields{{{"x-amzn-RequestId", request_id_},
                                           {"x-amzn-Remapped-Content-Length", "0"},
                                           {"X-Amzn-Trace-Id", trace},
                                           {"X-Amz-Executed-Version", executed_version}}};
  return reply_.begin({.status = 200, .content_type = kEventStreamContentType, .fields = fields},
                      std::move(told));
}

}  // namespace lemu::emulator
