// SPDX-License-Identifier: Apache-2.0
// InvokeRequest: what a caller of Invoke asks for, read from the HTTP request and held to the API's limits.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/http/http.hpp"
#include "emulator/api/api_error.hpp"
#include "emulator/api/function_reference.hpp"

namespace lemu::emulator {

enum class InvocationType { request_response, event, dry_run };
enum class LogType { none, tail };

struct InvokeRequest {
  FunctionReference function;
  InvocationType type = InvocationType::request_response;
  LogType log = LogType::none;
  std::string client_context = {};  ///< JSON
  std::string tenant = {};
  std::string trace = {};  ///< the caller's X-Amzn-Trace-Id
};

/// How large a payload may be ("AWS Lambda quotas"), and never more than `most`.
[[nodiscard]] std::size_t payload_limit(InvocationType type, std::size_t most);
/// What the header says, or RequestResponse for what it must not say.
[[nodiscard]] InvocationType invocation_type_of(const http::Request& request);

enum class InvokeOperation {
  buffered,   ///< Invoke
  streaming,  ///< InvokeWithResponseStream, which has no asynchronous form
  /// InvokeWithResponseStream as `lemu invoke` is run: in pieces where the runtime streams, with log and
  /// report.
  reported,
  asynchronous,  ///< the deprecated InvokeAsync: an Event, whatever the fields say
};

/// The request with its header's values checked. `name` as in the path.
[[nodiscard]] tl::expected<InvokeRequest, ApiError> read_invoke_request(const http::Request& request,
                                                                        std::string_view name,
                                                                        InvokeOperation operation);
struct Payload {
  std::string text;
  http::BodyRoom room;  ///< kept as long as the text
};

/// The body: JSON within the limit; `{}` when it is empty.
[[nodiscard]] tl::expected<Payload, ApiError> take_payload(http::Request& request, InvocationType type,
                                                           std::size_t limit);

}  // namespace lemu::emulator
