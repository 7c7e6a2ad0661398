// SPDX-License-Identifier: Apache-2.0
// InvokeHandler: Invoke, InvokeWithResponseStream and InvokeAsync of the Lambda API over the functions of a
// registry. Owned by the daemon; lives on its io_context's thread.
#pragma once

#include <string>
#include <string_view>

#include "emulator/api/api_reply.hpp"
#include "emulator/api/function_registry.hpp"
#include "emulator/api/invoke_request.hpp"
#include "emulator/async/async_queue.hpp"
#include "emulator/environment/identifiers.hpp"

namespace lemu::emulator {

class InvokeHandler {
 public:
  InvokeHandler(FunctionRegistry& functions, AsyncQueue& events, Identifiers& ids, std::size_t payload_limit)
      : functions_(functions), events_(events), ids_(ids), payload_limit_(payload_limit) {}

  /// Answers now or when the function has. `name` as in the path.
  void invoke(http::Request& request, const ApiReply& reply, std::string_view name,
              InvokeOperation operation);
  /// What has not begun for that caller need not begin. It may have closed only its own side: it is answered.
  void caller_gone(const http::Reply& reply) const;

 private:
  tl::expected<ServedFunction*, ApiError> find(const FunctionReference& reference) const;
  static void run(ServedFunction& function, InvokeRequest asked, Payload payload, std::string arn,
                  const ApiReply& reply, InvokeOperation operation);
  static void stream(PoolTask& task, const ServedFunction& function, const InvokeRequest& asked,
                     const ApiReply& reply, InvokeOperation operation);
  void accept(InvokeRequest asked, Payload payload, std::string arn, const ApiReply& reply);

  FunctionRegistry& functions_;
  AsyncQueue& events_;
  Identifiers& ids_;
  const std::size_t payload_limit_;
};

}  // namespace lemu::emulator
