// SPDX-License-Identifier: Apache-2.0
// The listening half of ExecutionEnvironment: what the helper and the runtime tell is noted here, and wakes
// what waits for it.
#include "base/base64.hpp"
#include "emulator/environment/runtime_process.hpp"
#include "emulator/report/refused_request.hpp"

namespace lemu::emulator {
namespace {

std::chrono::steady_clock::time_point at(std::int64_t monotonic_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns));
}

}  // namespace

void ExecutionEnvironment::on_report(const sandbox::Report& report, pid_t sender) {
  using sandbox::ReportKind;
  switch (report.kind) {
    case ReportKind::ready:
      ready_ = true;
      helper_pid_ = sender;
      break;
    case ReportKind::lost: losses_.push_back(report); break;
    case ReportKind::failed:
      if (ready_ && runtime_)
        runtime_->launch_failure = report;
      else
        refused_ = report;
      break;
    case ReportKind::starting:
      if (runtime_) runtime_->exec_at = at(report.time_ns);
      memory_->watch_process(sender);
      break;
    case ReportKind::exited:
      if (runtime_) {
        runtime_->wait_status = report.wait_status;
        runtime_->ended_at = at(report.time_ns);
      }
      memory_->note_exit(static_cast<std::uint64_t>(report.max_rss_kb) * 1024);
      break;
    case ReportKind::all_gone: all_gone_ = true; break;
  }
  wake();
}

void ExecutionEnvironment::on_helper_gone() {
  helper_gone_ = true;
  wake();
}

void ExecutionEnvironment::on_next() {
  if (runtime_) runtime_->next_at = Clock::now();
  wake();
}

void ExecutionEnvironment::on_response_begin(rapi::ResponseHead head) {
  if (!runtime_ || runtime_->sink == nullptr) return;
  runtime_->streamed_bytes = 0;
  runtime_->sink->begin(std::move(head));
}

http::Flow ExecutionEnvironment::on_response_piece(std::string_view bytes) {
  if (!runtime_ || runtime_->sink == nullptr) return http::Flow::more;
  *runtime_->streamed_bytes += bytes.size();
  return runtime_->sink->piece(bytes);
}

void ExecutionEnvironment::on_response(rapi::FunctionResponse response) {
  if (runtime_) {
    // A stream that says in its trailers that it failed has failed, after what it had already sent.
    const bool failed = !response.trailer_error_type.empty();
    // It is the payload, for a caller who has not been given the beginning. What is not base64 is passed on
    // as it is, like any other.
    if (failed && (runtime_->streamed_bytes || !response.trailer_error_body.empty()))
      response.body =
          base64_decode(response.trailer_error_body).value_or(std::move(response.trailer_error_body));
    runtime_->answer =
        Answer{failed ? Answer::Kind::function_error : Answer::Kind::response, std::move(response.body)};
    runtime_->answer_status = failed ? InvocationStatus::handled_error : InvocationStatus::success;
    runtime_->answer_error_type = std::move(response.trailer_error_type);
  }
  wake();
}

void ExecutionEnvironment::on_error(rapi::FunctionError error) {
  if (runtime_) {
    runtime_->answer = Answer{Answer::Kind::function_error, std::move(error.body)};
    runtime_->answer_status = InvocationStatus::handled_error;
    runtime_->answer_error_type = error.error_type;
  }
  wake();
}

void ExecutionEnvironment::on_init_error(rapi::FunctionError error) {
  if (runtime_) runtime_->init_error = std::move(error);
  wake();
}

void ExecutionEnvironment::on_refused(const http::Refused& refused) {
  log_.misuse(std::to_string(refused.status) + " " + std::string(refused.reason), refused_request(refused));
}

void ExecutionEnvironment::on_response_rejected(rapi::ResponseFault fault) {
  if (runtime_) {
    PlatformError error;
    switch (fault) {
      case rapi::ResponseFault::too_large:
        error = response_too_large(runtime_->streamed_bytes ? rapi::kMaxStreamedPayload : rapi::kMaxPayload);
        break;
      case rapi::ResponseFault::truncated: error = unexplained_error(kTruncatedResponse); break;
      case rapi::ResponseFault::bad_mode: error = {"Runtime.InvalidResponseModeHeader", ""}; break;
    }
    runtime_->answer = Answer{Answer::Kind::function_error, std::move(error.payload)};
    runtime_->answer_status = InvocationStatus::error;
    runtime_->answer_error_type = std::move(error.type);
  }
  wake();
}

}  // namespace lemu::emulator
