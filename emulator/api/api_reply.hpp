// SPDX-License-Identifier: Apache-2.0
// ApiReply: the right to answer one request of the Lambda API, with the fields every answer of it has. A
// copyable handle. The io_context's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/http/stream.hpp"
#include "base/result.hpp"
#include "emulator/api/api_error.hpp"

namespace lemu::emulator {

struct ApiAnswer {
  unsigned status = 200;
  std::string_view body = {};
  const std::shared_ptr<const void>* owner = nullptr;  ///< as in http::Response
  std::string_view executed_version = {};
  std::string_view function_error = {};
  std::string_view log_result = {};  ///< base64
  std::string_view trace = {};       ///< "root=1-…;sampled=0"
};

class ApiReply {
 public:
  ApiReply(http::Reply reply, std::string request_id)
      : reply_(std::move(reply)), request_id_(std::move(request_id)) {}

  void send(const ApiAnswer& answer) const;
  void refuse(const ApiError& error) const;
  /// There is nothing to invoke.
  void fail(const Error& error) const;
  /// Begins an answer of events (application/vnd.amazon.eventstream).
  [[nodiscard]] http::Stream begin_events(std::string_view executed_version, std::string_view trace,
                                          std::function<void(http::StreamEvent)> told) const;
  [[nodiscard]] bool is(const http::Reply& reply) const { return reply_ == reply; }
  [[nodiscard]] const std::string& request_id() const { return request_id_; }

 private:
  http::Reply reply_;
  std::string request_id_;
};

}  // namespace lemu::emulator
