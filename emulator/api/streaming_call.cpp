// SPDX-License-Identifier: Apache-2.0
#include "emulator/api/streaming_call.hpp"

#include <array>

#include "base/base64.hpp"

namespace lemu::emulator {

std::string error_code_within(const Answer& answer) {
  switch (answer.status) {
    case InvocationStatus::success: return {};
    case InvocationStatus::handled_error: return answer.error_type;
    // Names of aws-lambda-rie (core/directinvoke): an environment that ended takes its stream with it.
    case InvocationStatus::timeout: return "Sandbox.Timeout";
    case InvocationStatus::error:
      return answer.error_type == "Function.ResponseSizeTooLarge" ||
                     answer.error_type == "Runtime.TruncatedResponse"
                 ? answer.error_type
                 : "Sandbox.Failure";
  }
  return {};
}

void StreamingCall::start() {
  stream_ =
      reply_.begin_events(executed_version_, trace_, [weak = weak_from_this()](http::StreamEvent event) {
        if (const std::shared_ptr<StreamingCall> self = weak.lock()) self->on_event(event);
      });
}

void StreamingCall::begin(rapi::ResponseHead head) {
  resume_ = std::move(head.resume);
  start();
}

http::Stream::Room StreamingCall::write_event(std::string_view payload) {
  const EventFrame frame = payload_chunk(payload);
  const std::array<std::string_view, 3> parts{frame.head, payload, frame.tail};
  return stream_.write(parts);
}

/// A caller that is gone is no reason to stop: Lambda runs the function to its end.
http::Flow StreamingCall::piece(std::string_view bytes) {
  return write_event(bytes) == http::Stream::Room::full ? http::Flow::pause : http::Flow::more;
}

/// There is room again; or nobody reads any more, and the function is to go on.
void StreamingCall::on_event(http::StreamEvent) { resume_(); }

void StreamingCall::answered(Answer answer) {
  if (answer.streamed) {
    complete_.error_code = error_code_within(answer);
    complete_.error_details = std::move(answer.payload);
  } else {
    start();
    if (!answer.payload.empty()) write_event(answer.payload);
    if (answer.kind == Answer::Kind::function_error) complete_.error_code = "Unhandled";
  }
  if (log_ == LogType::none) finish();
}

void StreamingCall::completed(const InvocationRecord& record, std::string log_tail) {
  if (log_ == LogType::none) return;
  if (report_) stream_.write(lemu_report(report_(record)));
  complete_.log_result = base64_encode(log_tail);
  finish();
}

void StreamingCall::finish() {
  stream_.write(invoke_complete(complete_));
  stream_.finish();
}

}  // namespace lemu::emulator
