// SPDX-License-Identifier: Apache-2.0
// InvokeHandler: Invoke and InvokeWithResponseStream of the Lambda API over the functions of a registry.
// Owned by the daemon; lives on its io_context's thread.
#pragma once

#include <string>
#include <string_view>

#include "emulator/api/api_reply.hpp"
#include "emulator/api/invoke_request.hpp"
#include "emulator/invoke/function_registry.hpp"
#include "emulator/invoke/identifiers.hpp"

namespace lemu::emulator {

class InvokeHandler {
 public:
  InvokeHandler(FunctionRegistry& functions, Identifiers& ids) : functions_(functions), ids_(ids) {}

  /// Answers now or when the function has. `name` as in the path.
  void invoke(rapi::HttpRequest& request, const ApiReply& reply, std::string_view name,
              InvokeOperation operation);

 private:
  tl::expected<ServedFunction*, ApiError> find(const FunctionReference& reference) const;

  FunctionRegistry& functions_;
  Identifiers& ids_;
};

}  // namespace lemu::emulator
