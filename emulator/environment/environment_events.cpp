// SPDX-License-Identifier: Apache-2.0
// The listening half of ExecutionEnvironment: what the helper and the runtime tell is noted here, and wakes
// what waits for it.
#include "base/base64.hpp"
#include "emulator/environment/runtime_words.hpp"
#include "emulator/report/refused_request.hpp"

namespace lemu::emulator {
namespace {

std::chrono::steady_clock::time_point at(std::int64_t monotonic_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns));
}

}  // namespace

void ExecutionEnvironment::note(LifeEvent event, Clock::time_point when) {
  lifecycle_.note(event, when);
  wake();
}

void ExecutionEnvironment::on_report(const sandbox::Report& report, pid_t sender) {
  using sandbox::ReportKind;
  switch (report.kind) {
    case ReportKind::ready: helper_pid_ = sender; return note(LifeEvent::sandbox_ready);
    case ReportKind::lost: losses_.push_back(report); return;
    case ReportKind::failed: return note_failure(report);
    case ReportKind::starting:
      memory_->watch_process(sender);
      return note(LifeEvent::exec, at(report.time_ns));
    case ReportKind::exited:
      said_->wait_status = report.wait_status;
      memory_->note_exit(static_cast<std::uint64_t>(report.max_rss_kb) * 1024);
      return note(LifeEvent::exited, at(report.time_ns));
    case ReportKind::all_gone: return note(LifeEvent::all_gone);
  }
}

void ExecutionEnvironment::note_failure(const sandbox::Report& report) {
  if (lifecycle_.sandbox() == SandboxState::opening) {
    refused_ = report;
    return note(LifeEvent::sandbox_failed);
  }
  said_->launch_failure = report;
  note(LifeEvent::launch_failed);
}

void ExecutionEnvironment::on_helper_gone() { note(LifeEvent::helper_gone); }

void ExecutionEnvironment::on_next() { note(LifeEvent::next); }

void ExecutionEnvironment::on_response_begin(rapi::ResponseHead head) {
  if (said_->sink == nullptr) return;
  said_->streamed_bytes = 0;
  said_->sink->begin(std::move(head));
}

http::Flow ExecutionEnvironment::on_response_piece(std::string_view bytes) {
  if (said_->sink == nullptr) return http::Flow::more;
  *said_->streamed_bytes += bytes.size();
  return said_->sink->piece(bytes);
}

void ExecutionEnvironment::on_response(rapi::FunctionResponse response) {
  // A stream that says in its trailers that it failed has failed, after what it had already sent.
  if (response.trailer_error_type.empty())
    return note_answer({Answer::Kind::response, std::move(response.body)});
  // It is the payload, for a caller who has not been given the beginning. What is not base64 is passed on
  // as it is, like any other.
  if (said_->streamed_bytes || !response.trailer_error_body.empty())
    response.body =
        base64_decode(response.trailer_error_body).value_or(std::move(response.trailer_error_body));
  note_answer({.kind = Answer::Kind::function_error,
               .payload = std::move(response.body),
               .status = InvocationStatus::handled_error,
               .error_type = std::move(response.trailer_error_type)});
}

void ExecutionEnvironment::on_error(rapi::FunctionError error) {
  note_answer({.kind = Answer::Kind::function_error,
               .payload = std::move(error.body),
               .status = InvocationStatus::handled_error,
               .error_type = std::move(error.error_type)});
}

void ExecutionEnvironment::on_response_rejected(rapi::ResponseFault fault) {
  PlatformError error;
  switch (fault) {
    case rapi::ResponseFault::too_large:
      error = response_too_large(said_->streamed_bytes ? rapi::kMaxStreamedPayload : rapi::kMaxPayload);
      break;
    case rapi::ResponseFault::truncated: error = unexplained_error(kTruncatedResponse); break;
    case rapi::ResponseFault::bad_mode: error = {"Runtime.InvalidResponseModeHeader", ""}; break;
  }
  note_answer({.kind = Answer::Kind::function_error,
               .payload = std::move(error.payload),
               .status = InvocationStatus::error,
               .error_type = std::move(error.type)});
}

void ExecutionEnvironment::note_answer(Answer answer) {
  if (lifecycle_.phase() == LifePhase::invoking) said_->answer = std::move(answer);
  note(LifeEvent::answer);
}

void ExecutionEnvironment::on_init_error(rapi::FunctionError error) {
  if (lifecycle_.phase() == LifePhase::init) said_->init_error = std::move(error);
  note(LifeEvent::init_error);
}

void ExecutionEnvironment::on_refused(const http::Refused& refused) {
  log_.misuse(std::to_string(refused.status) + " " + std::string(refused.reason), refused_request(refused));
}

}  // namespace lemu::emulator
