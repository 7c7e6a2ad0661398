// SPDX-License-Identifier: Apache-2.0
// StreamingCall: a caller of InvokeWithResponseStream: gets the response as the function writes it, each
// piece as an event, and holds the function back while it is slow. Shared by the pool, until the invocation
// is complete; lives on the io_context's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/http/stream.hpp"
#include "emulator/api/api_reply.hpp"
#include "emulator/api/event_stream.hpp"
#include "emulator/api/invoke_request.hpp"
#include "emulator/pool/pool.hpp"

namespace lemu::emulator {

class StreamingCall final : public InvocationClient,
                            public ResponseSink,
                            public std::enable_shared_from_this<StreamingCall> {
 public:
  using Report = std::function<std::string(const InvocationRecord&)>;

  /// With `report`, and a log, the end tells that too: a LemuReport.
  StreamingCall(ApiReply reply, std::string executed_version, LogType log, std::string trace,
                Report report = nullptr)
      : reply_(std::move(reply)),
        executed_version_(std::move(executed_version)),
        log_(log),
        trace_(std::move(trace)),
        report_(std::move(report)) {}

  // ResponseSink
  void begin(rapi::ResponseHead head) override;
  http::Flow piece(std::string_view bytes) override;
  // InvocationClient
  void answered(Answer answer) override;
  void completed(const InvocationRecord& record, std::string log_tail) override;
  void failed(const Error& error) override { reply_.fail(error); }
  [[nodiscard]] bool answers_to(const http::Reply& reply) const override { return reply_.is(reply); }

 private:
  void start();
  http::Stream::Room write_event(std::string_view payload);
  void finish();
  void on_event(http::StreamEvent event);

  ApiReply reply_;
  std::string executed_version_;
  LogType log_;
  std::string trace_;  // as it is answered
  Report report_;
  http::Stream stream_;
  std::function<void()> resume_ = [] {};
  InvokeComplete complete_;
};

/// The ErrorCode of a response that had begun when it failed; empty for one that did not fail.
[[nodiscard]] std::string error_code_within(const Answer& answer);

}  // namespace lemu::emulator
